"""Languages as their files describe them, with a toolchain that is only imagined."""

from __future__ import annotations

from berm.languages import definition, toolchain
from berm.languages.language import Language
from berm.languages.registry import DATA

FILES = sorted(DATA.glob("*.toml"))


def language(name: str) -> Language:
    """A language as if its toolchain lay in /opt/tools."""
    rule = definition.load(DATA / f"{name}.toml")
    tools = {
        tool.name: toolchain.Tool(f"/opt/tools/bin/{tool.name}", "1.2.3", "/opt/tools")
        for tool in rule.tools
    }
    return Language(rule, toolchain.Toolchain(tools, "1.2.3", ("/usr", "/opt/tools")))


def absent(name: str) -> Language:
    return Language(definition.load(DATA / f"{name}.toml"), None, "nothing-here is not installed")
