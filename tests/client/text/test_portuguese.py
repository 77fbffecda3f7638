#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real program, asked to speak Portuguese: test_portuguese.py PROGRAM CATALOGUE SOURCE [CASE]. A few outputs of each part, and what
must stay as it is for programs. Whether every text has a translation is a lint test's business."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, CATALOGUE, SOURCE = sys.argv[1:4]


class Portuguese(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="espelho-portuguese.")
        self.addCleanup(shutil.rmtree, self.dir)
        gone = ("WAYLAND_DISPLAY", "LANG", "DISPLAY")
        self.env = {k: v for k, v in os.environ.items() if k not in gone}
        self.env.update(LC_ALL="C.UTF-8", LANGUAGE="pt_BR", HOME=self.dir, XDG_CONFIG_HOME=self.dir, XDG_RUNTIME_DIR=self.dir)

    def run_it(self, *words, status=0, **env):
        done = subprocess.run([PROGRAM, *words], env=dict(self.env, **env), capture_output=True, text=True, timeout=50)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_every_verb_explains_itself(self):
        overview = self.run_it("help")
        self.assertIn("uso: espelho [VERBO] [opções]", overview)
        verbs = re.findall(r"^  ([a-z-]+) +\S", overview, re.M)
        self.assertGreater(len(verbs), 10)
        for verb in verbs:
            portuguese, english = self.run_it(verb, "--help"), self.run_it(verb, "--help", LANGUAGE="en")
            self.assertIn("uso: espelho " + verb, portuguese)
            names = lambda text: re.findall(r"^([A-Za-z.]+)=", text, re.M)  # what is typed is the same
            self.assertEqual(names(portuguese), names(english))
            same = set(re.findall(r"\w[^\n]{20,}", portuguese)) & set(re.findall(r"\w[^\n]{20,}", english))
            # Commands, and lines of names, types and choices.
            self.assertEqual([s for s in same if " " in s and "=" not in s and not s.startswith("espelho ") and not re.search(r"source <\(|^rescan, --", s)], [], verb)

    def test_every_option_is_explained(self):
        portuguese, english = self.run_it("options"), self.run_it("options", LANGUAGE="en")
        rows = lambda text: re.findall(r"^(\S+=.*)\n    (.*)$", text, re.M)
        self.assertGreater(len(rows(english)), 80)
        self.assertEqual([head for head, _ in rows(portuguese)], [head for head, _ in rows(english)])
        self.assertEqual([e for (_, p), (_, e) in zip(rows(portuguese), rows(english)) if p == e], [])

    def test_man_pages_follow_the_tables(self):
        page = pathlib.Path(f"{SOURCE}/docs/man/pt_BR/espelho-client.ini.5.scd").read_text(encoding="utf-8").replace("\\", "")
        flat = " ".join(page.split())
        options = re.findall(r"^(\S+?)=(\S+(?: \S+)*?)((?:  \S+)*)\n    (.*?)(?: \[(.*)\])?$", self.run_it("options"), re.M)
        self.assertGreater(len(options), 80)
        for name, kind, also, text, default in options:
            expect = f"*{name}*={kind} {text[0].upper()}{text[1:]}." + (f" Padrão: {default}." if default else "")
            expect += f" Também: {', '.join(f'*{a}*' for a in also.split())}." if also.strip() else ""
            self.assertIn(expect, flat)
        self.assertEqual(re.findall(r"^\*(\w+\.\w+)\*=", page, re.M), [option[0] for option in options])

        page = pathlib.Path(f"{SOURCE}/docs/man/pt_BR/espelho.1.scd").read_text(encoding="utf-8").replace("\\", "")
        section = page.split("# VERBOS")[1].split("# OPÇÕES")[0]
        verbs = re.findall(r"^  ([a-z-]+) +\S", self.run_it("help"), re.M)
        self.assertEqual(re.findall(r"^\*([\w-]+)\*", section, re.M), verbs)
        for verb in verbs:
            part = re.search(rf"^\*{verb}\*.*?(?=^\*|\Z)", section, re.M | re.S)[0]
            own = re.findall(r"^([\w-]+)=(\S+).*\n    (.*)$", self.run_it("help", verb), re.M)
            self.assertEqual(re.findall(r"^\t\*--([\w-]+)\*=(\S+)\n\t\t(.*)$", part, re.M), own, verb)

    def test_wrong_lines(self):
        for words, says in ((["sise"], "verbo desconhecido 'sise'; o mais parecido é size"), (["view", "--foo"], "opção desconhecida 'foo'"),
                            (["size"], "falta WxH"), (["size", "huge"], "mode: 'huge' não vale; esperado: WxH"),
                            (["demo", "--duration", "x"], "'x' não vale"), (["completion", "csh"], "não há autocompletar para 'csh'"),
                            (["view", "-C", "/none"], "/none: o arquivo não existe"),
                            (["doctor", "--explain", "x"], "não existe a verificação 'x'")):
            done = subprocess.run([PROGRAM, *words], env=self.env, capture_output=True, text=True, timeout=50)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(says, done.stdout + done.stderr)

    def test_a_broken_file_of_options(self):
        path = self.dir + "/client.ini"
        with open(path, "w", encoding="utf-8") as f:
            f.write("[win]\nsize\n")
        self.assertIn(f"{path}:2: nem [seção] nem nome=valor", self.run_it("view", "-C", path, status=2))

    def test_size_prints_the_same_lines_to_paste(self):
        portuguese, english = self.run_it("size", "2560x1440"), self.run_it("size", "2560x1440", LANGUAGE="en")
        self.assertIn("memória compartilhada: 64 MiB", portuguese)
        pasted = lambda text: [line for line in text.split("\n") if line.startswith("  ")]
        self.assertEqual(pasted(portuguese), pasted(english))
        self.assertGreater(len(pasted(english)), 10)

    def test_no_vm(self):
        said = self.run_it("snapshot", "--timeout=0.2", "--shm-file=/dev/shm/espelho-none", self.dir + "/x.png", status=1)
        self.assertIn("Esperando a VM", said)
        self.assertIn("/dev/shm/espelho-none não existe", said)
        self.assertIn("Inicie a VM.", said)
        self.assertIn(f"espelho inspect: ler {self.dir}: ", self.run_it("inspect", self.dir, status=1))

    def test_no_desktop(self):
        said = self.run_it("view", "--app.logLevel=debug", status=1)
        self.assertIn("não foi possível conectar a um compositor Wayland", said)
        self.assertIn("WAYLAND_DISPLAY=não definido", said)

    def test_server(self):
        self.assertIn("qual socket?", self.run_it("shm-server", status=1))
        self.assertIn("size: '3' não serve", self.run_it("shm-server", "--size=3", self.dir + "/s", status=1))
        self.assertIn("não há um grupo 'nobody-has-it' aqui", self.run_it("shm-server", "--group=nobody-has-it", self.dir + "/s", status=1))

    def test_stats_for_people_and_for_programs(self):
        self.assertIn("estado        modo", self.run_it("stats", "--count=1", "--interval=0.1", "--shm-file=/dev/shm/espelho-none"))
        done = subprocess.run([PROGRAM, "stats", "--count=1", "--interval=0.1", "--json", "--shm-file=/dev/shm/espelho-none"], env=self.env,
                              capture_output=True, text=True, timeout=50, check=True)
        self.assertEqual(json.loads(done.stdout)["state"], "no-region")

    def test_doctor_and_setup(self):
        self.assertIn("FALHA", self.run_it("doctor", "--check", "session.wayland", status=2))
        xml = self.dir + "/vm.xml"
        with open(xml, "w", encoding="utf-8") as f:
            f.write("<domain type='kvm'><name>win11</name></domain>")
        said = self.run_it("doctor", "--xml", xml, status=2)
        self.assertIn("Máquina virtual: win11", said)
        self.assertIn("Recursos que o Windows usa estão desligados", said)
        self.assertIn("vm: qual VM? --domain NOME", self.run_it("setup", "vm", status=1))

    def test_doctor_leaves_no_english(self):
        """Not even where nothing marked a sentence for translation: the words of both languages differ on every machine of ours."""
        words = re.compile(r"[A-Za-z]{2,} [a-z]{2,}")
        command = re.compile(r" *(?:<|(?:sudo|echo|printf|grep|systemctl|espelho) )")
        trees = [entry.path for entry in os.scandir(os.environ["TEST_MACHINES"])]
        self.assertGreaterEqual(len(trees), 20)
        for tree in trees:
            reports = [json.loads(subprocess.run([PROGRAM, "doctor", "--all", "--json", "--root", tree], env=dict(self.env, LANGUAGE=language),
                                                 capture_output=True, text=True, timeout=50).stdout) for language in ("pt_BR", "en")]
            for ours, english in zip(*(r["findings"] for r in reports), strict=True):
                same = {line for key in ("title", "found", "why", "fix") for line in set((ours.get(key) or "").split("\n")) & set((english.get(key) or "").split("\n"))}
                self.assertEqual([line for line in same if words.search(line) and not command.match(line)], [], tree)

    def test_completion_describes(self):
        self.assertIn("-d 'explica o verbo'", self.run_it("completion", "fish"))
        self.assertEqual(self.run_it("completion", "bash"), self.run_it("completion", "bash", LANGUAGE="en"))


if __name__ == "__main__":
    if not os.path.exists(CATALOGUE):
        print("built without gettext")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
