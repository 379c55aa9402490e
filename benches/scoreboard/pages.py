"""How alike two PDFs are: page pictures and text, as poppler sees them."""
import collections
import os
import re
import subprocess
import tempfile
import unicodedata

import numpy
from PIL import Image

# Drawn finely and then averaged: how a reader's eyes, and no rasteriser's rounding, see strokes.
DPI = 120
REDUCE = 3
PAGES_MAX = 12
BLOCK = 8


def count(pdf):
    done = subprocess.run(["pdfinfo", pdf], capture_output=True, timeout=60)
    found = re.search(rb"^Pages:\s+(\d+)", done.stdout, re.M)
    return int(found.group(1)) if found else 0


def pictures(pdf):
    """The first pages as grey arrays (0 black … 1 white)."""
    with tempfile.TemporaryDirectory(prefix="scoreboard") as work:
        command = ["pdftoppm", "-r", str(DPI), "-gray", "-l", str(PAGES_MAX), pdf, os.path.join(work, "p")]
        subprocess.run(command, capture_output=True, timeout=300)
        names = sorted(os.listdir(work))
        grey = (Image.open(os.path.join(work, name)).convert("L").reduce(REDUCE) for name in names)
        return [numpy.asarray(page, dtype=float) / 255 for page in grey]


def similarity(before, after):
    """0 … 1: the mean over pages of the structural similarity of their pictures; a missing page counts 0."""
    a, b = pictures(before), pictures(after)
    if not a or not b:
        return 0.0
    pairs = [page_similarity(x, y) for x, y in zip(a, b)]
    return sum(pairs) / max(min(count(before), PAGES_MAX), min(count(after), PAGES_MAX), len(pairs))


def page_similarity(a, b):
    """Mean SSIM over blocks that hold ink in either page (Wang et al. 2004), on the smaller common size."""
    if a.shape != b.shape:
        image = Image.fromarray((b * 255).astype("uint8")).resize((a.shape[1], a.shape[0]))
        b = numpy.asarray(image, dtype=float) / 255
    height, width = (size // BLOCK * BLOCK for size in a.shape)
    cut = lambda page: page[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).swapaxes(1, 2)
    a, b = cut(a).reshape(-1, BLOCK * BLOCK), cut(b).reshape(-1, BLOCK * BLOCK)
    inked = (a.min(1) < 0.95) | (b.min(1) < 0.95)
    if not inked.any():
        return 1.0
    a, b = a[inked], b[inked]
    ma, mb = a.mean(1), b.mean(1)
    va, vb, cov = a.var(1), b.var(1), ((a - ma[:, None]) * (b - mb[:, None])).mean(1)
    c1, c2 = 0.01**2, 0.03**2
    return float((((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean())


def text(pdf):
    done = subprocess.run(["pdftotext", "-q", pdf, "-"], capture_output=True, timeout=120)
    letters = unicodedata.normalize("NFKC", done.stdout.decode("utf-8", "replace"))
    return "".join(letters.split())


def recall(before, after):
    """Share of the character pairs of `before` that stand in `after`; 1 when there is no text."""
    pairs = lambda letters: collections.Counter(zip(letters, letters[1:]))
    wanted, found = pairs(before), pairs(after)
    return sum((wanted & found).values()) / sum(wanted.values()) if wanted else 1.0
