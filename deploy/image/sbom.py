"""Print what an image consists of as CycloneDX 1.5: Debian's packages and the Python packages of a venv.

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


def debian(text):
    """Yield the components of a dpkg status file."""
    for block in text.strip().split("\n\n"):
        fields = HeaderParser().parsestr(block)
        if fields["Status"] == "install ok installed":
            name, version, arch = fields["Package"], fields["Version"], fields["Architecture"]
            purl = f"pkg:deb/debian/{quote(name)}@{quote(version, safe='')}?arch={arch}&distro=debian-12"
            yield component(name, version, purl, [])


def python(venv):
    """Yield the components of a virtual environment."""
    for path in Path(venv).glob("lib/python3*/site-packages/*.dist-info/METADATA"):
        fields = HeaderParser().parsestr(path.read_text("utf-8"))
        name, version = fields["Name"].lower().replace("_", "-"), fields["Version"]
        licence = fields["License-Expression"] or ""
        yield component(name, version, f"pkg:pypi/{quote(name)}@{quote(version)}", [licence])


def component(name, version, purl, licences):
    """Return one component."""
    found = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    expressions = [{"expression": text} for text in licences if text]
    return found | ({"licenses": expressions} if expressions else {})


def document(components):
    """Return the whole document."""
    listed = sorted(components, key=lambda one: one["purl"])
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
    found = [*debian(STATUS.read_text("utf-8")), *python(sys.argv[1])]
    print(json.dumps(document(found), indent=1))
