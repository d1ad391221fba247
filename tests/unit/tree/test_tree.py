"""The tree keeps its shape: imports point one way, files and classes stay small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted(
    p for top in ("bridge", "connectors") for p in (ROOT / top).rglob("*.py") if "_migrations" not in p.parts
)

# Who may import whom, by the longest prefix that fits; a module may always import its own package.
MAY = {
    "bridge.contract": set(),
    "bridge.store": {"bridge.contract"},
    "bridge.hub": {"bridge.store", "bridge.contract"},
    "bridge.xmpp": {"bridge.hub", "bridge.contract"},
    "bridge.web": {"bridge.hub", "bridge.contract"},
    "bridge.testing": {"bridge.contract"},
    "bridge.converter": set(),
    "bridge.app": {"bridge"},
    "bridge.cli": {"bridge"},
    "bridge.__main__": {"bridge"},
    "connectors": {"bridge.contract"},
}
PURE = {"bridge.hub.judge", "bridge.hub.fallback", "bridge.xmpp.parse", "bridge.xmpp.render", "bridge.xmpp.text"}
ONLY = {
    "sqlalchemy": ("bridge.store",),
    "alembic": ("bridge.store",),
    "slixmpp": ("bridge.xmpp",),
    "PIL": ("bridge.converter",),
    "av": ("connectors.telegram.moving",),
    "rlottie_python": ("connectors.telegram.moving",),
    "nio": ("connectors.matrix",),
    "telegram": ("connectors.telegram",),
}
MOST_LINES, MOST_METHODS, MOST_IMPORTS = 400, 15, 12


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            base = node.module or ""
            folder = ROOT / base.replace(".", "/")
            for alias in node.names:
                module = (folder / f"{alias.name}.py").exists() or (folder / alias.name / "__init__.py").exists()
                found.add(f"{base}.{alias.name}" if module else base)
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_imports_point_one_way(path: Path) -> None:
    me = name(path)
    rule = max((p for p in MAY if within(me, p)), key=len, default=None)

    for other in imports(path):
        if within(other, "bridge") or within(other, "connectors"):
            allowed = rule is None or within(other, rule) or any(within(other, p) for p in MAY[rule])
            own = me.startswith("connectors.") and within(other, ".".join(me.split(".")[:2]))
            assert allowed or own, f"{me} imports {other}"
            assert other != "bridge.app" or within(me, "bridge.cli") or me == "bridge.__main__", f"{me} imports the app"
        for library, where in ONLY.items():
            if within(other, library):
                assert any(within(me, p) for p in where), f"{me} imports {library}"
    if me in PURE:
        ours = {other for other in imports(path) if within(other, "bridge")}
        assert all(within(o, "bridge.contract") or o in PURE or within(o, me.rsplit(".", 1)[0]) for o in ours), ours


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_and_classes_stay_small(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)

    assert text.count("\n") <= MOST_LINES, "split it by feature"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            public = [
                n.name for n in node.body
                if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and not n.name.startswith("_")
            ]  # fmt: skip
            assert len(public) <= MOST_METHODS, f"{node.name} has {len(public)} public methods"


def test_no_module_is_everybodys_friend() -> None:
    """No module but the ones that put things together imports more than a dozen of ours."""
    together = {"bridge.app", "bridge.hub.hub", "bridge.hub.desk.verbs", "bridge.xmpp.features"}
    for path in SOURCES:
        me = name(path)
        ours = {o for o in imports(path) if within(o, "bridge") and not within(o, "bridge.contract")}
        if me not in together:
            assert len(ours) <= MOST_IMPORTS, f"{me} imports {len(ours)} of our modules"


def test_the_contract_needs_only_the_standard_library() -> None:
    import sys

    for path in SOURCES:
        if within(name(path), "bridge.contract"):
            outside = {o.split(".")[0] for o in imports(path)} - set(sys.stdlib_module_names) - {"bridge"}
            assert not outside, f"{path} imports {outside}"


def test_no_network_is_named_in_the_common_part() -> None:
    for path in SOURCES:
        if any(within(name(path), p) for p in ("bridge.hub", "bridge.store", "bridge.contract")):
            for node in ast.walk(ast.parse(path.read_text())):
                assert not (isinstance(node, ast.Compare) and any(
                    isinstance(c, ast.Constant) and c.value in ("matrix", "telegram") for c in node.comparators
                )), f"{path} knows a network by name"  # fmt: skip
