"""Where values come from: the YAML file, the environment, `${VARIABLE}`, files of secrets."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bridge.config.model import Fault

PREFIX = "LANDBRIDGE_"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Typed(str):
    """A value that was typed where there are only strings: "8480" may mean the number."""


class _Loader(yaml.SafeLoader):
    """YAML without the key that silently wins over its namesake."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is not text: quote it", key_node.start_mark
            )
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} stands here twice", key_node.start_mark
            )
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read(path: Path) -> tuple[dict[str, Any], list[Fault]]:
    """The file's mapping, or what is wrong with the file."""
    try:
        found = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506  # a SafeLoader
    except OSError as error:
        return {}, [Fault("", f"it cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return {}, [Fault("", "it is not a text file in UTF-8")]
    except (yaml.YAMLError, RecursionError) as error:
        return {}, [Fault("", _where(error))]
    if found is None:
        found = {}
    if not isinstance(found, dict):
        return {}, [Fault("", "it does not consist of keys with values")]
    return found, []


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is nested too deeply"
    return f"line {mark.line + 1}: {problem}" if mark is not None else str(problem)


def merge(tree: dict[str, Any], environment: Mapping[str, str], known: frozenset[str]) -> list[str]:
    """Put `LANDBRIDGE_A__B` in place of `a.b`; `known` are the keys at the top. Returns warnings about the rest."""
    warnings = []
    for name in sorted(environment):
        if not name.startswith(PREFIX):
            continue
        path = name.removeprefix(PREFIX).lower().split("__")
        if path[0] not in known or not all(path):
            warnings.append(f"The environment variable {name} names no setting.")
            continue
        branch = tree
        for step in path[:-1]:
            key = _key(branch, step)
            if not isinstance(branch.get(key), dict):
                branch[key] = {}
            branch = branch[key]
        branch[_key(branch, path[-1])] = Typed(environment[name])
    return warnings


def _key(branch: Mapping[str, Any], step: str) -> str:
    """Variables have no hyphens and no case: what is there already wins."""
    return next((key for key in branch if key.lower().replace("-", "_") == step), step)


def fill(value: Any, key: str, environment: Mapping[str, str], faults: list[Fault]) -> Any:
    """Put variables in place of `${NAME}`, everywhere below `value`."""
    match value:
        case dict():
            return {name: fill(inner, f"{key}.{name}".strip("."), environment, faults) for name, inner in value.items()}
        case list():
            return [fill(inner, f"{key}.{number}", environment, faults) for number, inner in enumerate(value)]
        case Typed():
            return value
        case str() if _VARIABLE.search(value):
            missing = sorted({name for name in _VARIABLE.findall(value) if name not in environment})
            if missing:
                faults.append(Fault(key, f"there is no environment variable {', '.join(missing)}"))
                return None
            return Typed(_VARIABLE.sub(lambda found: environment[found[1]], value))
    return value


def read_secret(path: Path) -> str:
    """What stands in a file of one secret, without the line's end. Raises ValueError with a reason."""
    try:
        text = path.read_text("utf-8").strip("\r\n")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a text file") from error
    if not text:
        raise ValueError(f"{path} is empty")
    return text
