# SPDX-License-Identifier: GPL-2.0-or-later
"""What mkdocs does beyond the pages: leaves out what is no page, and fills in the table of options from the program itself
(environment variable ESPELHO), so that nobody keeps a copy of it by hand."""
import html
import os
import re
import subprocess

MARK = "<!-- all options: filled in by scripts/docs -->"
# A row of `espelho options`: NAME=VALUES, other spellings, then what it does and its default.
OPTION = re.compile(r"^(\S+?)=(\S+(?: \S+)*?)((?:  \S+)*)\n    (.*?)(?: \[(.*)\])?$", re.M)
HEADS = {"": ("Option", "Values", "Default", "What it does", "Also"),
         "pt_BR": ("Opção", "Valores", "Padrão", "O que faz", "Também")}
VERB = {"": "Options of `espelho {}`", "pt_BR": "Opções de `espelho {}`"}


def ask(language, *words):
    env = dict(os.environ, LC_ALL="C.UTF-8", LANGUAGE=language or "C")
    return subprocess.run([os.environ["ESPELHO"], *words], env=env, capture_output=True, text=True, check=True, timeout=30).stdout


def cell(text):
    """Text in a table, where signs of Markdown and HTML mean themselves."""
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", text)


def code(text):
    """As HTML: between backquotes a bar would end the cell."""
    return f"<code>{html.escape(text, quote=False).replace('|', '&#124;')}</code>"


def table(rows, language):
    heads = HEADS[language]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, values, also, text, default in rows:
        cells = (code(name), code(values), code(default) if default else "", cell(text), " ".join(code(a) for a in also.split()))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def all_options(language):
    """A table per module of the configuration file, then one per verb that has options of its own."""
    modules = {}
    for row in OPTION.findall(ask(language, "options")):
        modules.setdefault(row[0].split(".")[0], []).append(row)
    parts = [f"## \\[{module}\\]\n\n{table(rows, language)}" for module, rows in modules.items()]
    shared = {row[0] for rows in modules.values() for row in rows}
    for verb in re.findall(r"^  (\S+) ", ask("", "help"), re.M):
        own = [row for row in OPTION.findall(ask(language, "help", verb)) if row[0] not in shared]
        parts += [f"## {VERB[language].format(verb)}\n\n{table(own, language)}"] if own else []
    return "\n".join(parts)


def on_files(files, config):
    for file in list(files):
        if file.src_path.startswith("man/") or file.src_path.endswith((".py", "CMakeLists.txt")):
            files.remove(file)
    return files


def on_page_markdown(markdown, page, config, files):
    if MARK not in markdown:
        return markdown
    return markdown.replace(MARK, all_options("pt_BR" if page.file.src_path.startswith("pt_BR/") else ""))
