"""One choke point for each dangerous thing: where SQL, processes, sockets and the environment may be touched.

Each inventory names its places exactly. A new place is a decision: it is written down here.
"""

import ast
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from tests.house.tree import Finding, Rule, Source, calls, dotted, found, imports, obey, product

_SQL_PLACES = {
    "src/jixi/storage/*": "the database itself",
    "src/jixi/*/_records*": "each room's own records",
}
_SQL_MODULES = {"sqlalchemy", "alembic", "sqlite3", "aiosqlite", "psycopg", "psycopg_pool", "asyncpg"}
_SQL_TEXT = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s.+\sSET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\s", re.DOTALL
)

_SQL_TYPES = {"sqlalchemy.Connection", "sqlalchemy.Engine", "sqlalchemy.make_url"}
_SQL_CALLS = {"execute", "executemany", "exec_driver_sql", "scalars", "scalar_one", "scalar_one_or_none"}

_PROCESS_PLACES = {"src/jixi/compute/drivers/*": "the one launcher"}
_PROCESS_CALLS = re.compile(
    r"(asyncio\.)?create_subprocess_(exec|shell)|.*\.subprocess_(exec|shell)|os\.(fork|forkpty|exec\w+|spawn\w+|posix_spawnp?|popen)"
)

_NETWORK_PLACES = {
    "src/jixi/client/_client.py": "the SDK of the admin API",
    "src/jixi/cli/_app.py": "names the error of a server that is not there",
    "src/jixi/cli/_checks.py": "the doctor tries the port",
    "src/jixi/cli/_talk.py": "names the key after the machine",
    "src/jixi/compute/drivers/ray/_driver.py": "a driver talks to its link to the cluster",
    "src/jixi/compute/drivers/ray/_link.py": "the link to the cluster answers its driver",
    "src/jixi/compute/drivers/_site.py": "looks for a free port of this machine",
    "src/jixi/governance/ledger/_shared.py": "gateway processes share the process of the ledger",
    "src/jixi/governance/ledger/_worker.py": "the ledger's process answers the ledger",
    "src/jixi/models/engines/_client.py": "the client for local engines",
    "src/jixi/models/engines/_connection.py": "one connection of that client, and what is read of it",
    "src/jixi/models/engines/_http.py": "the engines' own server, in their processes",
    "src/jixi/server/http/_connection.py": "takes the addresses apart that the server is asked for",
    "src/jixi/server/processes/_forward.py": "gateway processes bring to their house what is not for them",
    "src/jixi/server/processes/_line.py": "a house and its gateway processes tell each other things",
    "src/jixi/server/processes/_sockets.py": "listening sockets are inherited by gateway processes",
    "src/jixi/models/sources/outside/_egress.py": "the one way out of the machine",
    "src/jixi/models/sources/outside/_hub.py": "names the errors of the way out",
    "src/jixi/models/sources/outside/_transfer.py": "names the answers and the errors of the way out",
    "src/jixi/models/sources/outside/_web.py": "names the answers and the errors of the way out",
    "src/jixi/telemetry/_span_tree.py": "builds what goes to the operator's collector",
    "src/jixi/telemetry/_spans.py": "sends spans to the collector that the settings name",
    "src/jixi/models/sources/outside/_judge.py": "judges the addresses of the way out",
}
_NETWORK_MODULES = frozenset(
    [
        "socket",
        "socketserver",
        "ssl",
        "aiohttp",
        "httpx",
        "httpx2",
        "httpcore",
        "httpcore2",
        "httptools",
        "requests",
        "urllib3",
        "urllib.request",
        "http.client",
        "http.server",
        "websockets",
        "ftplib",
        "smtplib",
        "opentelemetry",
    ]
)
_NETWORK_CALLS = re.compile(
    r".*\b(open_connection|open_unix_connection|create_connection|create_unix_connection)"
)
_NETWORK_CALLS_OF_ANYIO = re.compile(
    r"anyio\.(connect_tcp|connect_unix|create_tcp_listener|create_unix_listener)"
)

_ENVIRONMENT_PLACES = {
    "src/jixi/assembly/*": "settings",
    "src/jixi/compute/drivers/ray/_agent.py": "which accelerators Ray gave to an actor",
    "src/jixi/models/engines/_elsewhere.py": "the key of an engine, which no command line may hold",
    "src/jixi/cli/_login.py": "which server, and with which key",
    "src/jixi/cli/_say.py": "the language of the terminal",
}
_CODE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "code", "runpy"}
_CODE_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "builtins.eval",
    "builtins.exec",
}


def _module_in(module: str, name: str, banned: AbstractSet[str]) -> bool:
    """Whether an import reaches a banned module or a part of it."""
    path = f"{module}.{name}" if name else module
    return any(path == entry or path.startswith(f"{entry}.") for entry in banned)


def sql_outside_records(item: Source) -> Iterator[Finding]:
    """Statements are made and run in storage and records; others may name a connection and catch its errors."""
    if item.lies_in(*_SQL_PLACES):
        return
    for line, module, name in imports(item.tree):
        named = f"{module}.{name}" in _SQL_TYPES or module == "sqlalchemy.exc"
        if _module_in(module, name, _SQL_MODULES) and not named:
            yield line, f"imports {module}.{name}: SQL belongs in storage and _records files"
    for node in ast.walk(item.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL_TEXT.match(node.value):
            yield node.lineno, "SQL text"
    for node, name in calls(item.tree):
        if name.rpartition(".")[2] in _SQL_CALLS:
            yield node.lineno, f"{name}: SQL belongs in storage and _records files"


def sql_built_from_text(item: Source) -> Iterator[Finding]:
    """`text()` and `execute()` take constants; values are bound, identifiers come from an enum."""
    for node, name in calls(item.tree):
        if name.rpartition(".")[2] in {"text", "execute", "executemany", "executescript", "exec_driver_sql"}:
            for argument in node.args[:1]:
                built = isinstance(argument, ast.JoinedStr | ast.BinOp)
                formatted = isinstance(argument, ast.Call) and dotted(argument.func).endswith("format")
                if built or formatted:
                    yield node.lineno, f"{name} of text that was put together"


def process_outside_drivers(item: Source) -> Iterator[Finding]:
    if item.lies_in(*_PROCESS_PLACES):
        return
    for line, module, name in imports(item.tree):
        if _module_in(module, name, {"subprocess", "multiprocessing", "pty"}):
            yield line, f"imports {module}: processes are started by compute.drivers"
    for node, name in calls(item.tree):
        if _PROCESS_CALLS.fullmatch(name):
            yield node.lineno, f"{name}: processes are started by compute.drivers"


def network_outside_clients(item: Source) -> Iterator[Finding]:
    if item.lies_in(*_NETWORK_PLACES):
        return
    for line, module, name in imports(item.tree):
        if _module_in(module, name, _NETWORK_MODULES):
            yield line, f"imports {module}: connections are made by the egress client and the engine client"
    for node, name in calls(item.tree):
        if _NETWORK_CALLS.fullmatch(name) or _NETWORK_CALLS_OF_ANYIO.fullmatch(name):
            yield node.lineno, f"{name}: connections are made by the egress client and the engine client"


def environment_outside_assembly(item: Source) -> Iterator[Finding]:
    if item.lies_in(*_ENVIRONMENT_PLACES):
        return
    for node in ast.walk(item.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in {
            "os.environ",
            "os.environb",
            "os.getenv",
            "os.putenv",
        }:
            yield node.lineno, f"{dotted(node)}: the environment is read by assembly alone"
    for line, module, name in imports(item.tree):
        if _module_in(module, name, {"os.environ", "os.getenv", "dotenv", "pydantic_settings"}):
            yield line, f"imports {module}.{name}: the environment is read by assembly alone"


def code_from_data(item: Source) -> Iterator[Finding]:
    """Whatever turns data into code, or a line of text into a shell command."""
    for line, module, name in imports(item.tree):
        if _module_in(module, name, _CODE_MODULES):
            yield line, f"imports {module}: it runs code"
    for node, name in calls(item.tree):
        if name in _CODE_CALLS:
            yield node.lineno, f"{name} runs code"
        for keyword in node.keywords:
            if keyword.arg == "shell" and not (
                isinstance(keyword.value, ast.Constant) and not keyword.value.value
            ):
                yield node.lineno, f"{name} with shell"


def deaf_middleware(item: Source) -> Iterator[Finding]:
    for line, module, name in imports(item.tree):
        if "BaseHTTPMiddleware" in (name, module) or module == "starlette.middleware.base":
            yield line, "BaseHTTPMiddleware hides that a client has gone"


def address_decides_who_calls(item: Source) -> Iterator[Finding]:
    """`request.url` is built from the Host header; who may pass is decided by the route's own scope."""
    if not item.lies_in("src/jixi/server/*", "src/jixi/governance/*"):
        return
    for node in ast.walk(item.tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in {"url", "base_url"}
            and "request" in dotted(node.value)
        ):
            yield node.lineno, f"{dotted(node)} follows the Host header"


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        (sql_outside_records, _SQL_PLACES),
        (process_outside_drivers, _PROCESS_PLACES),
        (network_outside_clients, _NETWORK_PLACES),
        (environment_outside_assembly, _ENVIRONMENT_PLACES),
    ],
)
def test_no_place_stays_in_an_inventory_that_it_no_longer_needs(rule: Rule, places: dict[str, str]) -> None:
    needed = {item.path for item in product() if list(rule(replace(item, path="elsewhere")))}
    assert [pattern for pattern in places if not any(fnmatchcase(path, pattern) for path in needed)] == []


def test_sql_is_written_in_storage_and_records_alone() -> None:
    obey(sql_outside_records, product())


def test_sql_is_never_put_together_from_text() -> None:
    obey(sql_built_from_text, product())


def test_processes_are_started_by_the_drivers_alone() -> None:
    obey(process_outside_drivers, product())


def test_connections_are_made_in_the_known_places_alone() -> None:
    obey(network_outside_clients, product())


def test_the_environment_is_read_by_assembly_alone() -> None:
    obey(environment_outside_assembly, product())


def test_no_data_becomes_code() -> None:
    obey(code_from_data, product())


def test_middleware_hears_when_a_client_leaves() -> None:
    obey(deaf_middleware, product())


def test_no_host_header_decides_who_may_pass() -> None:
    obey(address_decides_who_calls, product())


def test_the_sql_rules_find_sql_in_the_wrong_place_and_in_the_wrong_form() -> None:
    assert found(sql_outside_records, "from sqlalchemy import select") != []
    assert found(sql_outside_records, "q = 'SELECT id FROM members WHERE x'") == ["SQL text"]
    assert found(sql_outside_records, "await session.execute(q)") != []
    assert (
        found(sql_outside_records, "from sqlalchemy import Connection\nfrom sqlalchemy.exc import DBAPIError")
        == []
    )
    assert found(sql_outside_records, "from sqlalchemy import select", "src/jixi/a/_records.py") == []
    assert found(sql_outside_records, "x = 'Select a model from the list.'") == []
    assert found(sql_built_from_text, "s.execute(text(f'SELECT {x} FROM y'))") != []
    assert found(sql_built_from_text, "s.execute('SELECT ' + x)") != []
    assert found(sql_built_from_text, "s.execute(text('SELECT 1'), {'a': x})") == []


def test_the_process_rule_finds_every_way_to_start_one() -> None:
    for snippet in (
        "import subprocess",
        "from multiprocessing import Process",
        "os.fork()",
        "os.execv(a, b)",
    ):
        assert found(process_outside_drivers, snippet) != []
    assert found(process_outside_drivers, "await asyncio.create_subprocess_exec('x')") != []
    assert found(process_outside_drivers, "asyncio.get_running_loop().subprocess_exec(p, 'x')") != []
    assert found(process_outside_drivers, "import subprocess", "src/jixi/compute/drivers/_process.py") == []


def test_the_network_rule_finds_modules_and_bare_connections() -> None:
    for snippet in (
        "import socket",
        "import urllib.request",
        "from urllib import request",
        "import aiohttp.web",
    ):
        assert found(network_outside_clients, snippet) != []
    assert found(network_outside_clients, "await loop.create_unix_connection(f, p)") != []
    assert found(network_outside_clients, "await asyncio.open_connection('h', 1)") != []
    assert found(network_outside_clients, "from urllib.parse import urlsplit") == []


def test_the_environment_rule_finds_reads_however_they_are_spelt() -> None:
    for snippet in ("import os\nos.environ['A']", "import os\nos.getenv('A')", "from os import environ"):
        assert found(environment_outside_assembly, snippet) != []
    assert (
        found(environment_outside_assembly, "import os\nos.environ['A']", "src/jixi/assembly/_settings.py")
        == []
    )


def test_the_code_rule_finds_pickles_evals_and_shells() -> None:
    for snippet in ("import pickle", "eval('1')", "exec(x)", "os.system('ls')", "run('ls', shell=True)"):
        assert found(code_from_data, snippet) != []
    assert found(code_from_data, "re.compile('a')\nrun(['ls'], shell=False)") == []


def test_the_web_rules_find_deaf_middleware_and_trusted_hosts() -> None:
    assert found(deaf_middleware, "from starlette.middleware.base import BaseHTTPMiddleware") != []
    assert found(address_decides_who_calls, "request.url.path", "src/jixi/server/_auth.py") != []
    assert found(address_decides_who_calls, "request.scope['path']", "src/jixi/server/_auth.py") == []
