#!/usr/bin/env python3
"""pages.py BINARY FOLDER OUT [--jobs N] [--only TEXT]

Sends every PDF below FOLDER through `BINARY sanitise` and compares what comes out with the source, in the eyes of
poppler (pdfinfo, pdftotext), qpdf and, where the Python package pypdfium2 is there, pdfium:

- of the files that a reader opens without a password, how many come out as a PDF with as many pages as that reader
  counts, and pass `qpdf --check`: for poppler, for pdfium, and for those that either of them opens (there poppler's
  count is expected where it has one, but pdfium's is right, too: in damaged files they differ);
- of the sources whose text holds 20 Japanese characters or more, the share of those characters in the output's text.

Without pypdfium2 (`pip install pypdfium2`) only poppler's figure is measured, and that is said.
Writes OUT/pages.tsv, one line a file; the outputs stay in OUT/files.
"""
import argparse
import collections
import concurrent.futures
import importlib.util
import json
import os
import re
import subprocess
import sys
import unicodedata

JAPANESE = re.compile("[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]")
PDFIUM = """
import sys, pypdfium2
try:
    print(len(pypdfium2.PdfDocument(sys.argv[1])))
except pypdfium2.PdfiumError:
    print(0)
"""


def run(*command, timeout=170):
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return -1, b""
    return done.returncode, done.stdout


def poppler_pages(path):
    code, text = run("pdfinfo", path, timeout=30)
    found = re.search(rb"^Pages:\s+(\d+)", text, re.M)
    return int(found.group(1)) if code == 0 and found else 0


def pdfium_pages(path):
    code, text = run(sys.executable, "-c", PDFIUM, path, timeout=30)
    return int(text) if code == 0 and text.strip().isdigit() else 0


def japanese(path):
    _, text = run("pdftotext", "-q", path, "-", timeout=60)
    text = unicodedata.normalize("NFKC", text.decode("utf-8", "replace"))
    return collections.Counter(JAPANESE.findall(text))


def one(binary, folder, out, path):
    name = os.path.relpath(path, folder)
    target = os.path.join(out, "files", name)
    os.makedirs(target, exist_ok=True)
    _, report = run(binary, "sanitise", "--report", "json", "--out", target, path)
    findings = ""
    outputs = []
    try:
        report = json.loads(report)
        outputs = [os.path.join(target, output["name"]) for output in report["outputs"]]
        findings = ",".join(sorted({f["code"] for part in report["parts"] for f in part["findings"]}))
    except ValueError:
        findings = "no report"
    result = next((output for output in outputs if output.lower().endswith(".pdf")), None)
    row = {
        "name": name,
        "poppler": poppler_pages(path),
        "pdfium": pdfium_pages(path),
        "out": poppler_pages(result) if result else 0,
        "qpdf": run("qpdf", "--check", result)[0] if result else -1,
        "findings": findings,
    }
    source = japanese(path)
    row["japanese"] = sum(source.values())
    row["found"] = sum((source & japanese(result)).values()) if result and source else 0
    return row


def is_same(row, readers=("poppler", "pdfium")):
    return row["out"] > 0 and row["qpdf"] == 0 and row["out"] in [row[reader] for reader in readers]


def documents(folder):
    """What the folder's manifest calls a PDF, whatever its name; without a manifest, what is named so."""
    try:
        with open(os.path.join(folder, "MANIFEST.tsv")) as manifest:
            rows = [line.rstrip("\n").split("\t") for line in manifest]
        return sorted(os.path.join(folder, row[0]) for row in rows if row[3] == "pdf")
    except FileNotFoundError:
        walk = ((folder, names) for folder, _, names in os.walk(folder))
        return sorted(os.path.join(f, n) for f, names in walk for n in names if n.lower().endswith(".pdf"))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("folder")
    arguments.add_argument("out")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--only", default="")
    asked = arguments.parse_args()
    paths = [path for path in documents(asked.folder) if asked.only in path]
    with concurrent.futures.ThreadPoolExecutor(asked.jobs) as pool:
        rows = list(pool.map(lambda path: one(asked.binary, asked.folder, asked.out, path), paths))
    with open(os.path.join(asked.out, "pages.tsv"), "w") as table:
        for row in rows:
            table.write("\t".join(str(value) for value in row.values()) + "\n")
    if importlib.util.find_spec("pypdfium2") is None:
        print("PDFIUM IS NOT THERE (pip install pypdfium2): what only pdfium opens is not counted", file=sys.stderr)
    for readers in (("poppler",), ("pdfium",), ("poppler", "pdfium")):
        opened = [row for row in rows if any(row[reader] for reader in readers)]
        out = sum(1 for row in opened if row["out"])
        same = sum(1 for row in opened if is_same(row, readers))
        clean = sum(1 for row in opened if row["out"] and row["qpdf"] == 0)
        share = same / max(len(opened), 1)
        name = " or ".join(readers)
        print(f"{name}: {len(opened)} opened, {out} come out, {same} with its pages ({share:.1%}), {clean} pass qpdf")
    for row in rows:
        if (row["poppler"] or row["pdfium"]) and not is_same(row):
            print("not the same:", *row.values())
    unopened = sum(1 for row in rows if row["out"] and not row["poppler"] and not row["pdfium"])
    print(f"opened by none of them: {unopened} come out all the same")
    texts = [row for row in rows if row["japanese"] >= 20]
    total, found = sum(row["japanese"] for row in texts), sum(row["found"] for row in texts)
    print(f"Japanese: {len(texts)} sources, {found} of {total} characters found ({found / max(total, 1):.2%})")
    for row in texts:
        if row["found"] < 0.95 * row["japanese"]:
            print("text lost:", row["name"], row["found"], "of", row["japanese"])


main()
