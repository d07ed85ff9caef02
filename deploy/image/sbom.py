"""Print what an image consists of as CycloneDX 1.5: Debian's packages, the Python packages of a venv, and those from
PyPI and npm that languages came with.

``sbom.py VENV``, inside the image. The same image gives the same text: the serial number is made from the components.
"""

import hashlib
import json
import sys
import uuid
from email.parser import HeaderParser
from pathlib import Path
from urllib.parse import quote

STATUS = Path("/var/lib/dpkg/status")
#: Where registries.sh puts what a language has from elsewhere.
LANGUAGES = Path("/usr/local/lib/berm")


def debian(text):
    """Yield the components of a dpkg status file."""
    for block in text.strip().split("\n\n"):
        fields = HeaderParser().parsestr(block)
        if fields["Status"] == "install ok installed":
            name, version, arch = fields["Package"], fields["Version"], fields["Architecture"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={arch}&distro=debian-12"
            yield component(name, version, purl, [])


def python(*folders):
    """Yield the components of folders that Python packages were installed in."""
    for path in (found for one in folders for found in Path(one).glob("*.dist-info/METADATA")):
        fields = HeaderParser().parsestr(path.read_text("utf-8"))
        name, version = fields["Name"].lower().replace("_", "-"), fields["Version"]
        licence = fields["License-Expression"] or ""
        yield component(name, version, f"pkg:pypi/{quote(name)}@{quote(version)}", [licence])


def npm(folder):
    """Yield the components that npm installed into a folder."""
    lock = Path(folder, "node_modules/.package-lock.json")
    packages = json.loads(lock.read_text("utf-8"))["packages"] if lock.exists() else {}
    for place, fields in packages.items():
        name, version = place.rpartition("node_modules/")[2], fields["version"]
        purl = f"pkg:npm/{quote(name, safe='/')}@{quote(version)}"
        yield component(name, version, purl, [fields.get("license", "")])


def component(name, version, purl, licences):
    """Return one component."""
    found = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    expressions = [{"expression": text} for text in licences if text]
    return found | ({"licenses": expressions} if expressions else {})


def document(components):
    """Return the whole document; what is there twice at one version is named once."""
    listed = sorted({one["purl"]: one for one in components}.values(), key=lambda one: one["purl"])
    digest = hashlib.sha256("\n".join(one["purl"] for one in listed).encode()).hexdigest()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.UUID(digest[:32], version=5)}",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": "berm-image", "name": "berm"}},
        "components": listed,
    }


if __name__ == "__main__":
    folders = [*Path(sys.argv[1]).glob("lib/python3*/site-packages"), LANGUAGES / "pip"]
    found = [*debian(STATUS.read_text("utf-8")), *python(*folders), *npm(LANGUAGES / "npm")]
    print(json.dumps(document(found), indent=1))
