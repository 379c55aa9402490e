#!/usr/bin/env python3
"""python3 benches/scoreboard BINARY FOLDER OUT [--arg A]... [--only TEXT] [--jobs N]

Sends every file below FOLDER through `BINARY sanitise`, renders what went in and what came out, and writes
OUT/scoreboard.md: per format the files, how many came out clean, partial, held, broken, how alike the pages look
(median and 5th percentile; 1 is the same), how much of the text is there, seconds and peak memory. OUT/scoreboard.tsv
has a line for each file, with everything that is wrong with it.

Office files are rendered by LibreOffice, one process each (OUT/before and OUT/after keep what was rendered already).
Rebuilt OOXML is opened with python-docx, openpyxl or python-pptx, too, its text compared, and looked through with
oletools. Needs: poppler-utils, LibreOffice, and the Python packages numpy pillow lxml python-docx openpyxl
python-pptx oletools.
"""
import argparse
import collections
import json
import os
import statistics
import subprocess
import sys

import office
import pages
from libreoffice import LibreOffice

DOCUMENTS = set(
    "doc dot docx docm dotx dotm xls xlt xla xlsx xlsm xltx xltm xlam xlsb ppt pot pps pptx pptm potx potm ppsx ppsm rtf"
    " odt ods odp odg ott ots otp fodt fods fodp pub vsd vsdx wps hwp slk xml".split()
)
WALL_S = 300
# What every file of Publisher begins with (MS-CFB): keys of PGP and SSH bear the same extension.
COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")


class Row(dict):
    """What was seen of one file."""

    __getattr__ = dict.get


def sanitised(binary, arguments, path, target):
    os.makedirs(target, exist_ok=True)
    command = [binary, "sanitise", "--report", "json", "--out", target, *arguments, path]
    try:
        done = subprocess.run(command, capture_output=True, timeout=WALL_S)
        return json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, json.JSONDecodeError, IndexError):
        return None


def format_of(path):
    """The format of a file by its extension, and by its content where the extension is of two things."""
    extension = os.path.splitext(path)[1].lower().lstrip(".")
    if extension == "pub":
        with open(path, "rb") as file:
            return extension if file.read(len(COMPOUND)) == COMPOUND else "key"
    return extension


def rendered(path, reader):
    """(PDF, CPU seconds) of a file as a person would see it; (None, 0) when nothing shows it."""
    form = format_of(path)
    if form == "pdf":
        return (path if pages.count(path) else None), 0
    return reader.pdf(path) if form in DOCUMENTS else (None, 0)


def look(path, name, options, before, after):
    row = Row(name=name, format=format_of(path), wrong=[])
    target = os.path.join(options.out, "files", name)
    report = sanitised(options.binary, options.arg, path, target)
    if report is None:
        return Row(row, outcome="broken", wrong=["no verdict"])
    parts = report["parts"]
    row.update(
        outcome=report["outcome"], seconds=report["elapsed_ms"] / 1000, cpu_ms=report["jail"]["cpu_ms"],
        peak=report["jail"]["peak_rss"], actions=",".join(sorted({part["action"] for part in parts})),
    )
    row["wrong"] += sorted({f["code"] for part in parts for f in part["findings"]} & {"verifier_refused", "crash", "time_out"})
    source, row["office_cpu_s"] = rendered(path, before)
    row["opens"] = source is not None
    outputs = [output["name"] for output in report["outputs"] if not output["name"].endswith(".eml")]
    if len(outputs) != 1:
        return row
    output = os.path.join(target, outputs[0])
    row["out"] = os.path.splitext(output)[1].lstrip(".")
    if row.out in office.READERS:
        row["wrong"] += office.faults(output)
        texts = office.opened(path, row.out), office.opened(output, row.out)
        row["library"] = texts[1] is not None
        row["same_text"] = texts[0] == texts[1] if texts[0] is not None else None
        if texts[0] is not None and texts[1] is None:
            row["wrong"].append("its library does not open it")
    if source is not None:
        result, _ = rendered(output, after)
        if result is None:
            row["wrong"].append("does not open again")
            row["outcome"] = "broken"
            return row
        row["pages"] = pages.count(source), pages.count(result)
        row["similarity"] = pages.similarity(source, result)
        row["recall"] = pages.recall(pages.text(source), pages.text(result))
    return row


def summary(rows):
    by_format = collections.defaultdict(list)
    for row in rows:
        by_format[row.format].append(row)
    yield "| format | files | opens before | clean | partial | held | broken | rebuilt or drawn | same pages | looks alike, median | 5 % | text, median | 5 % | same text | s, median | slowest | CPU ms, median | peak MiB |"
    yield "|---|" + "---:|" * 17
    for name, group in sorted(by_format.items(), key=lambda item: -len(item[1])):
        outcome = collections.Counter(row.outcome for row in group)
        shown = [row for row in group if row.similarity is not None]
        alike, recalls = ([row[key] for row in shown] for key in ("similarity", "recall"))
        texts = [row.same_text for row in group if row.same_text is not None]
        seconds, cpu = ([row[key] for row in group if row.get(key) is not None] for key in ("seconds", "cpu_ms"))
        cells = [
            name, len(group), sum(bool(row.opens) for row in group), outcome["clean"], outcome["partial"],
            outcome["held"], outcome["broken"], len(shown), sum(row.pages[0] == row.pages[1] for row in shown),
            middle(alike), low(alike), middle(recalls), low(recalls),
            f"{sum(texts)}/{len(texts)}" if texts else "", middle(seconds), f"{max(seconds, default=0):.1f}",
            f"{statistics.median(cpu):.0f}" if cpu else "", max((row.peak or 0 for row in group), default=0) >> 20,
        ]
        yield "| " + " | ".join(map(str, cells)) + " |"


def middle(values):
    return f"{statistics.median(values):.3f}" if values else ""


def low(values):
    return f"{sorted(values)[len(values) // 20]:.3f}" if values else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("folder")
    parser.add_argument("out")
    parser.add_argument("--arg", action="append", default=[], help="one more argument of `sanitise`")
    parser.add_argument("--only", default="", help="only files whose path holds this text")
    options = parser.parse_args()
    paths = sorted(os.path.join(d, f) for d, _, files in os.walk(options.folder) for f in files)
    paths = [p for p in paths if options.only in p and os.path.basename(p) != "MANIFEST.tsv"]
    if not paths:
        raise SystemExit(f"no file below {options.folder}")
    before = LibreOffice(os.path.join(options.out, "before"))
    after = LibreOffice(os.path.join(options.out, "after"))
    rows = []
    with open(os.path.join(options.out, "scoreboard.tsv"), "w") as lines:
        for number, path in enumerate(paths, 1):
            row = look(path, os.path.relpath(path, options.folder), options, before, after)
            rows.append(row)
            fields = ("name", "outcome", "actions", "out", "opens", "pages", "similarity", "recall", "same_text", "library", "seconds", "cpu_ms", "office_cpu_s", "wrong")
            print(*(row.get(field, "") for field in fields), sep="\t", file=lines, flush=True)
            if number % 50 == 0:
                print(f"… {number}/{len(paths)}", file=sys.stderr)
    table = "\n".join(summary(rows))
    with open(os.path.join(options.out, "scoreboard.md"), "w") as file:
        file.write(table + "\n")
    print(table)
    return 1 if any(row.outcome == "broken" for row in rows) else 0


sys.exit(main())
