# SPDX-License-Identifier: GPL-2.0-or-later
"""`espelho doctor` of this machine, in a session of the test's own."""
import json
import subprocess

from .process import Failure

XML = """<domain type='kvm' id='1'><name>e2e</name><memory unit='GiB'>4</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
<devices><shmem name='{name}'><model type='ivshmem-plain'/><size unit='M'>16</size></shmem></devices></domain>
"""


def examine(rig, env, check, xml=None):
    """(verdict, sentence) of one check; a VM that runs, if `xml` is a file."""
    argv = [rig.tools.espelho, "doctor", "--json", "--check", check] + (["--xml", xml] if xml else [])
    done = subprocess.run(argv, env=dict(env, HOME=rig.directory, LC_ALL="C"), capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in (0, 1, 2):
        raise Failure(f"doctor --check {check}: status {done.returncode}\n{done.stdout}{done.stderr}")
    finding = json.loads(done.stdout)["findings"][0]
    return finding["verdict"], finding["found"]


def must_find(rig, env, check, verdict, words, xml=None):
    got, found = examine(rig, env, check, xml)
    if got != verdict or words not in found:
        raise Failure(f"{check}: {got}: {found}\nwhere this was due: {verdict}: ...{words}...")
