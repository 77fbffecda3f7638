#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the pages tell to type, against the program: test_pages.py ESPELHO SOURCE_DIR [Pages.test_x ...]. Links and languages:
tests/lint/lint_docs.py."""
import html
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

ESPELHO, SOURCE = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
ENV = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE="C")
OPTION = re.compile(r"^(\S+?)=(\S+(?: \S+)*?)((?:  \S+)*)\n    (.*)$", re.M)
CODE = re.compile(r"^ *```sh\n(.*?)^ *```$|`(espelho [^`\n]+|sudo espelho [^`\n]+)`", re.M | re.S)
# Words that stand for something: a verb's name, several in one, what was left out.
PLACEHOLDER = re.compile(r"\[|\||\.\.\.|…")


def ask(*words, language="C"):
    return subprocess.run([ESPELHO, *words], env=dict(ENV, LANGUAGE=language), capture_output=True, text=True, check=True, timeout=30).stdout


def plain(name):
    """As the program compares names of options."""
    return re.sub(r"[-_]", "", name.replace(":", ".").lower())


def names_of(text):
    """What the options in a listing may be called on the command line, without dashes."""
    names = set()
    for name, kind, also, _ in OPTION.findall(text):
        for spelling in [name, *also.split()]:
            spelling = spelling.lstrip("-") if spelling.startswith("-") else plain(spelling)
            names |= {spelling, spelling.rsplit(".", 1)[-1]}
    return names | {"help", "h", "version", "V", "fullscreen"}


class Program:
    def __init__(self):
        self.verbs = re.findall(r"^  (\S+) ", ask("help"), re.M)
        shared = names_of(ask("options"))
        texts = {verb: ask("help", verb) for verb in self.verbs}
        self.names = {verb: names_of(text) | (shared if "program's options" in text else set()) for verb, text in texts.items()}
        self.parts = set(re.findall(r"^  (\w+) ", texts["setup"], re.M))

    def complain(self, words):
        """What is wrong with a command, its words without `espelho`."""
        verb, rest = (words[0], words[1:]) if words and words[0] in self.verbs else ("view", words)
        part = rest[0] if verb == "setup" and rest and not rest[0].startswith("-") else ""
        complaints = [f"{verb} has no part {part}"] if part and part not in self.parts | {"PART", "PARTE"} else []
        for word in rest:
            dashed = re.fullmatch(r"--?([\w.:-]+)(?:=.*)?", word)
            looking_glass = re.fullmatch(r"(\w+[:.]\w+)=.*", word)
            if not dashed and not looking_glass:
                continue
            name = plain((dashed or looking_glass)[1]) if not re.match(r"-\w$", word) else word[1]
            if not {name, name.removeprefix("no")} & self.names[verb]:
                complaints.append(f"{verb} has no option {word}")
        return complaints


def commands_of(text):
    """The commands of a page, as lists of words without `espelho`."""
    lines = []
    for block, inline in CODE.findall(text):
        lines += [inline] if inline else re.sub(r"\\\n", " ", block).split("\n")
    found = []
    for line in lines:
        command = re.match(r"\s*(?:sudo )?espelho(?: (.*))?$", re.sub(r"\s+(?:#|&|\|).*$", "", line))
        if command and not PLACEHOLDER.search(command[1] or ""):
            found.append(shlex.split(command[1] or ""))
    return found


def pages():
    return [p for p in [*SOURCE.glob("*.md"), *SOURCE.glob("docs/*.md"), *SOURCE.glob("docs/pt_BR/*.md")]]


class Pages(unittest.TestCase):
    def test_commands_are_the_programs(self):
        program, count = Program(), 0
        for page in pages():
            for words in commands_of(page.read_text(encoding="utf-8")):
                with self.subTest(page=str(page), command=" ".join(words)):
                    self.assertEqual(program.complain(words), [])
                count += 1
        self.assertGreater(count, 150)

    def test_the_reader_of_commands_finds_faults(self):
        program = Program()
        text = "`espelho size --hdrr 1x1` `espelho setup vmm` `espelho -Z` `espelho doctor --win.size=1x1`\n```sh\nespelho win:sise=1x1\n```\n"
        found = commands_of(text)
        self.assertEqual(len(found), 5)
        for words in found:
            self.assertEqual(len(program.complain(words)), 1, words)
        good = "`espelho size --hdr 1x1` `sudo espelho setup vm --domain a` `espelho -f`\n```sh\nespelho win:fullScreen=yes --no-full-screen  # why\n```\n"
        self.assertEqual([program.complain(words) for words in commands_of(good)], [[]] * 4)

    def test_files_and_scripts_are_there(self):
        """Commands of the sources: scripts/NAME."""
        for page in pages():
            for name in re.findall(r"(?<![\w/)-])scripts/[\w-]+", page.read_text(encoding="utf-8")):
                with self.subTest(page=str(page), script=name):
                    self.assertTrue((SOURCE / name).exists())

    def test_examples_of_the_configuration_file_are_read(self):
        for page in pages():
            for example in re.findall(r"^```ini\n(\[.*?|;.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
                with self.subTest(page=str(page)), tempfile.NamedTemporaryFile("w", suffix=".ini") as file:
                    file.write(example)
                    file.flush()
                    done = subprocess.run([ESPELHO, "-C", file.name, "--app.shmFile=/nonexistent", "--spice.enable=no", "--app.domain="],
                                          env=dict(ENV, XDG_RUNTIME_DIR="/nonexistent"), capture_output=True, text=True, timeout=30, check=False)
                    self.assertEqual((done.returncode, "Wayland" in done.stderr), (1, True), done.stderr)  # read; then no window

    def test_the_site_is_built_and_has_every_option(self):
        if not shutil.which("mkdocs"):
            sys.exit(77)
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([SOURCE / "scripts" / "docs", folder], env=dict(ENV, ESPELHO=ESPELHO), capture_output=True, text=True,
                                  timeout=50, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            for name, language in (("options.html", "C"), ("pt_BR/options.html", "pt_BR")):
                page = html.unescape(pathlib.Path(folder, name).read_text(encoding="utf-8"))
                rows = OPTION.findall(ask("options", language=language))
                self.assertGreater(len(rows), 80)
                for option, values, _, text in rows:
                    with self.subTest(page=name, option=option):
                        self.assertIn(f"<code>{option}</code>", page)
                        self.assertIn(f"<code>{values}</code>", page)
                        self.assertIn(re.sub(r" \[[^]]*\]$", "", text), re.sub("</?(em|strong)>", "", page))
                self.assertIn("espelho setup", page)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
