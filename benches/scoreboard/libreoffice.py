"""LibreOffice as a reader of documents: one process and one fresh profile for each document."""
import glob
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile

WALL_S = 300


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class LibreOffice:
    """Converts to PDF and remembers in `folder` what it saw: the same octets are never converted twice."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.program = shutil.which("soffice") or shutil.which("libreoffice")
        if self.program is None:
            raise SystemExit("LibreOffice (soffice) is needed: apt-get install libreoffice-{writer,calc,impress,draw}-nogui")
        self.profile = os.path.join(folder, "profile")
        if not os.path.isdir(self.profile):
            self._run(self.profile, ["--terminate_after_init"], folder)

    def pdf(self, path):
        """(PDF or None, CPU seconds) of a document."""
        stem = os.path.join(self.folder, digest(path))
        if not os.path.exists(stem + ".json"):
            seen = {"cpu_s": self._convert(path, stem + ".pdf")}
            with open(stem + ".json", "w") as file:
                json.dump(seen, file)
        with open(stem + ".json") as file:
            cpu_s = json.load(file)["cpu_s"]
        return (stem + ".pdf" if os.path.exists(stem + ".pdf") else None), cpu_s

    def _convert(self, path, target):
        with tempfile.TemporaryDirectory(prefix="scoreboard") as work:
            profile = os.path.join(work, "profile")
            shutil.copytree(self.profile, profile)
            source = os.path.join(work, "document" + os.path.splitext(path)[1].lower())
            shutil.copyfile(path, source)
            cpu_s = self._run(profile, ["--convert-to", "pdf", "--outdir", work, source], work)
            made = glob.glob(os.path.join(work, "*.pdf"))
            if made:
                shutil.move(made[0], target)
        return cpu_s

    def _run(self, profile, arguments, work):
        """CPU seconds of one run with all its children; killed with them when it takes too long."""
        command = [self.program, "--headless", "--norestore", "-env:UserInstallation=file://" + os.path.abspath(profile)]
        null = subprocess.DEVNULL
        child = subprocess.Popen(command + arguments, cwd=work, stdout=null, stderr=null, start_new_session=True)
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(child.pid, signal.SIGKILL))
        signal.alarm(WALL_S)
        _, _, usage = os.wait4(child.pid, 0)
        signal.alarm(0)
        child.returncode = 0
        return usage.ru_utime + usage.ru_stime
