"""Rebuilt Office files in the eyes of programs that did not write them."""
import contextlib
import io
import re
import unicodedata
import warnings
import zipfile

warnings.simplefilter("ignore")

# What may stand in no part name and in no relationship of an output.
FORBIDDEN_PARTS = re.compile(
    r"vbaproject|vbadata|macrosheet|activex|/embeddings/|oleobject|\.bin$|customxml|externallink|printersettings"
    r"|attachedtoolbars|/ctrlprops/|webextension|querytable|connections\.xml|\.(?:emf|wmf|svg|rtf|mht|html?|exe|js)$",
    re.I,
)
FORBIDDEN_RELATIONSHIPS = re.compile(
    r"/(?:vbaProject|control|activeX\w*|oleObject|package|attachedTemplate|mailMerge\w*|subDocument|aFChunk|frame"
    r"|externalLink\w*|connections|queryTable|xlMacrosheet|customXml\w*|customData|webextension\w*|printerSettings"
    r"|font|glossaryDocument|audio|video|media|extensibility|ui/\w+)$"
)
ALLOWED_TARGET = re.compile(r"(?:https?://|mailto:)", re.I)


def letters(strings):
    return [" ".join(unicodedata.normalize("NFC", text).split()) for text in strings if text and text.strip()]


def docx_text(path):
    import docx
    document = docx.Document(path)
    body = document.element.body
    return letters("".join(t.text or "" for t in p.iter() if t.tag.endswith("}t")) for p in body.iter() if p.tag.endswith("}p"))


def xlsx_text(path):
    import openpyxl
    book = openpyxl.load_workbook(path, data_only=True)
    sheets = [sheet for sheet in book.worksheets]
    return letters(str(c.value) for sheet in sheets for row in sheet.iter_rows() for c in row if c.value is not None)


def pptx_text(path):
    import pptx
    slides = pptx.Presentation(path).slides
    return letters("".join(t.text or "" for t in p.iter() if t.tag.endswith("}t")) for s in slides for p in s._element.iter() if p.tag.endswith("}p"))


READERS = {"docx": docx_text, "xlsx": xlsx_text, "pptx": pptx_text}


def opened(path, kind):
    """The text that the format's Python library reads; None when it does not open the file."""
    try:
        with open(path, "rb") as file, contextlib.redirect_stderr(io.StringIO()):
            return READERS[kind](io.BytesIO(file.read()))
    except Exception:
        return None


def faults(path):
    """What should not be in an output: active content by part, relationship and oletools, and parts that are no XML."""
    from lxml import etree
    found = []
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if FORBIDDEN_PARTS.search("/" + name):
                found.append("part " + name)
            if not name.endswith((".xml", ".rels")):
                continue
            try:
                root = etree.fromstring(package.read(name), etree.XMLParser(resolve_entities=False))
            except etree.XMLSyntaxError as fault:
                found.append(f"{name}: {fault}")
                continue
            for relationship in root if name.endswith(".rels") else []:
                if FORBIDDEN_RELATIONSHIPS.search(relationship.get("Type", "")):
                    found.append(f"{name}: {relationship.get('Type')}")
                external = relationship.get("TargetMode") == "External"
                if external and not ALLOWED_TARGET.match(relationship.get("Target", "")):
                    found.append(f"{name}: outside {relationship.get('Target')[:60]}")
    return found + oletools_faults(path)


def oletools_faults(path):
    """olevba (macros, XLM), oleobj (objects, external links), msodde (fields that load)."""
    from oletools import msodde, oleobj, olevba
    found = []
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        reader = olevba.VBA_Parser(path)
        if reader.detect_vba_macros():
            found.append("olevba: macros")
        reader.close()
        try:
            links = msodde.process_file(path, msodde.FIELD_FILTER_BLACKLIST).strip()
        except Exception as fault:
            links = f"msodde: {fault}"
        if any(not re.match(r"\s*(?:HYPERLINK|MERGEFIELD|EQ)\b", line, re.I) for line in links.splitlines() if line.strip()):
            found.append("msodde: " + links[:80])
        embedded = []
        for relation, target in oleobj.find_external_relationships(oleobj.XmlParser(path)):
            if relation != "hyperlink" or not ALLOWED_TARGET.match(target):
                embedded.append(f"oleobj: {relation} {target[:60]}")
    return found + embedded
