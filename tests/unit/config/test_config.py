"""The configuration: what it says, where values come from, and that every fault is named with file, key and reason."""

from pathlib import Path

import pytest

from bridge.config import Config, ConfigError, load

WHOLE = """
xmpp:
  server: 127.0.0.1:5348
  max_stanza: 100000
database: postgresql://bridge:open%20sesame@db.example/bridge
data: state
http:
  listen: "[::1]:8481"
  public_url: https://bridge.example.org/
  token: token-of-the-dashboard
admins: [Admin@Example.org]
users: ["*@example.org", "*"]
networks:
  fake:
    connector: fake
    jid: Fake.example.org
    secret: secret-of-fake
    homeserver: https://example.org
    accept_direct: false
    rooms: [a, b]
    pause: 3
  second:
    connector: fake
    jid: second.example.org
    secret_file: second.secret
    server: 10.0.0.1:5347
limits: {patience: 3600, delay_notice: 20, uncommitted: 10}
links: {}
retention:
media: {}
allow_private: ["upload.example.org:5281", 10.0.0.7]
"""
SMALL = """
users: ["*"]
networks:
  fake: {connector: fake, jid: fake.example.org, secret: s3cret}
"""


def read(folder: Path, text: str, **environment: str) -> Config:
    file = folder / "config.yaml"
    file.write_text(text)
    file.chmod(0o600)
    return load(file, environment)


def faults(folder: Path, text: str, **environment: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, **environment)
    assert all(line.startswith(f"{folder / 'config.yaml'}: ") for line in caught.value.lines())
    return {fault.key: fault.reason for fault in caught.value.faults}


def test_everything_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "second.secret").write_text("secret of the second\n")
    (tmp_path / "second.secret").chmod(0o600)

    config = read(tmp_path, WHOLE)

    assert (config.xmpp.server, config.xmpp.max_stanza) == ("127.0.0.1:5348", 100_000)
    assert config.database == "postgresql://bridge:open%20sesame@db.example/bridge"
    assert config.data == tmp_path / "state"
    assert (config.http.listen, config.http.public_url) == ("[::1]:8481", "https://bridge.example.org")
    assert (config.admins, config.users) == (("admin@example.org",), ("*@example.org", "*"))
    first, second = config.networks["fake"], config.networks["second"]
    assert (first.connector, first.jid, first.server) == ("fake", "fake.example.org", "127.0.0.1:5348")
    assert first.options == {
        "homeserver": "https://example.org", "accept_direct": False, "rooms": ["a", "b"], "pause": 3.0,
    }  # fmt: skip
    assert (second.secret, second.server, second.options) == ("secret of the second", "10.0.0.1:5347", {})
    assert (config.limits.patience, config.limits.delay_notice, config.limits.uncommitted) == (3600, 20, 10)
    assert config.limits.backoff_max == 30
    assert config.allow_private == ("upload.example.org:5281", "10.0.0.7")
    assert config.secrets >= {
        "token-of-the-dashboard", "secret-of-fake", "secret of the second", "open sesame", "open%20sesame",
    }  # fmt: skip
    assert config.warnings == ()


def test_little_has_to_be_said(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL)

    assert config.database == f"sqlite:///{tmp_path / 'landbridge.db'}"
    assert config.data == tmp_path / "data"
    assert (config.xmpp.server, config.xmpp.max_stanza) == ("127.0.0.1:5347", 65_536)
    assert (config.http.listen, config.http.public_url) == ("127.0.0.1:8480", "http://127.0.0.1:8480")
    assert config.limits.patience == 86_400


def test_a_relative_database_starts_at_the_file(tmp_path: Path) -> None:
    assert read(tmp_path, SMALL + "database: sqlite:///state/a.db").database == f"sqlite:///{tmp_path}/state/a.db"
    assert read(tmp_path, SMALL + "database: sqlite:////var/a.db").database == "sqlite:////var/a.db"


def test_nothing_secret_shows_in_a_representation(tmp_path: Path) -> None:
    (tmp_path / "second.secret").write_text("secret of the second\n")

    shown = repr(read(tmp_path, WHOLE))

    assert not [word for word in ("token-of", "secret-of", "secret of", "sesame") if word in shown]


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("xmmp: {}", "xmmp", "there is no such key; did you mean xmpp?"),
        ("xmpp: {servr: x}", "xmpp.servr", "there is no such key; did you mean server?"),
        ("xmpp: {server: localhost}", "xmpp.server", "it must be host:port, as 127.0.0.1:5347"),
        ("xmpp: {server: 'localhost:99999'}", "xmpp.server", "it must be host:port, as 127.0.0.1:5347"),
        ("xmpp: {server: '::1:5347'}", "xmpp.server", "an IPv6 address stands in brackets, as [::1]:5347"),
        ("xmpp: {server: 5347}", "xmpp.server", "it must be text, not a whole number"),
        ("xmpp: {max_stanza: '65536'}", "xmpp.max_stanza", "it must be a whole number, not text"),
        ("xmpp: {max_stanza: 100}", "xmpp.max_stanza", "it must be between 10000 and 10000000"),
        ("xmpp: {max_stanza: true}", "xmpp.max_stanza", "it must be a whole number, not true or false"),
        ("xmpp: here", "xmpp", "it must be keys with values"),
        ("database: mysql://x/y", "database", "it must be sqlite:///FILE or postgresql://user:password@host/name"),
        ("database: sqlite://", "database", "it must be sqlite:///FILE or postgresql://user:password@host/name"),
        ("database: 'sqlite:///:memory:'", "database",
         "a database in memory would forget messages at the first restart"),
        ("data: ''", "data", "it is empty"),
        ("http: {listen: 8480}", "http.listen", "it must be text, not a whole number"),
        ("http: {public_url: bridge.example}", "http.public_url",
         "it must be an address that begins with http:// or https://"),
        ("http: {token: t, token_file: f}", "http.token", "either token or token_file, not both"),
        ("http: {token_file: none}", "http.token", "{folder}/none cannot be read: No such file or directory"),
        ("admins: admin@example.org", "admins", "it must be a list, not text"),
        ("admins: [admin]", "admins.0", "'admin' is neither a JID (user@example.org) nor *@example.org nor *"),
        ("admins: ['*@*']", "admins.0", "'*@*' is neither a JID (user@example.org) nor *@example.org nor *"),
        ("admins: [a@b/c]", "admins.0", "'a@b/c' is neither a JID (user@example.org) nor *@example.org nor *"),
        ("admins: [1]", "admins.0", "it must be text, not a whole number"),
        ("limits: {patience: 0}", "limits.patience", "it must be more than 0"),
        ("limits: {patience: .inf}", "limits.patience", "it must be more than 0"),
        ("limits: {patience: day}", "limits.patience", "it must be a number, not text"),
        ("media: {largest: 0}", "media.largest", "it must be more than 0"),
        ("media: {days: month}", "media.days", "it must be a whole number, not text"),
        ("media: {largest: 2, quota: 1}", "media.largest",
         "it is more than media.quota, so that such a file could not be kept"),
        ("media: {quotas: 1}", "media.quotas", "there is no such key; did you mean quota?"),
        ("media: {upload_service: a b}", "media.upload_service", "it is not a domain"),
        ("limits: {patients: 1}", "limits.patients", "there is no such key; did you mean patience?"),
        ("allow_private: [':80']", "allow_private.0", "a host is empty"),
        ("allow_private: ['a:b']", "allow_private.0", "'a:b' is not a host or host:port"),
        ("links: {cafe: {xmpp: cafe@x}}", "links.cafe", "a link has two rooms or more"),
        ("links: {cafe: {}}", "links.cafe", "a link has two rooms or more"),
        ("links: {cafe: []}", "links.cafe", "a link has two rooms or more"),
        ("links: {a b: {xmpp: c@x, fake: r}}", "links.a b",
         "a link's name has letters, digits, ., - and _, at most 60, and begins with a letter or digit"),
        ("links: {cafe: {xmpp: cafe@x, fakes: r}}", "links.cafe.fakes",
         "there is no network of this name; only xmpp and those in networks can be linked"),
        ("links: {cafe: {xmpp: cafe@x/nick, fake: r}}", "links.cafe.xmpp",
         "it must be a domain alone, without @ and /"),
        ("links: {cafe: {xmpp: cafe@fake.example.org, fake: r}}", "links.cafe.xmpp",
         "it is a room that this gateway shows itself; name it as fake does, under fake"),
        ("links: {cafe: {xmpp: cafe@x, fake: [r]}}", "links.cafe.fake", "it must be a room: a JID, an alias or an id"),
        ("links: {cafe: [{xmpp: cafe@x}, {xmpp: Cafe@x}]}", "links.cafe.1",
         "cafe@x on xmpp is in this link already, and a room is not linked with itself"),
        ("links: {a: {xmpp: cafe@x, fake: r}, b: {xmpp: cafe@x, fake: s}}", "links.b.xmpp",
         "cafe@x on xmpp is in the link a already"),
        ("links: {cafe: [{xmpp: cafe@x, topic: 12}, {fake: r}]}", "links.cafe.0.topic",
         "rooms on XMPP have no topics; leave it out"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, topic: 0}]}", "links.cafe.1.topic",
         "it must be the number of a topic, which is more than 0"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, topic: one}]}", "links.cafe.1.topic",
         "it must be a whole number, not text"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, topic: 3}, {fake: r, topic: 3}]}", "links.cafe.2",
         "r/3 on fake is in this link already, and a room is not linked with itself"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, direction: in}]}", "links.cafe.1.direction",
         "it must be both, from (only what is said there goes to the others) or to (only into it)"),
        ("links: {cafe: [{xmpp: cafe@x, direction: to}, {fake: r, direction: to}]}", "links.cafe",
         "nothing would be said: no room has the direction both or from"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, name_format: '{nick}: '}]}", "links.cafe.1.name_format",
         "it must have {{name}} in it, and may have {{network}}; no other braces"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, password: rose}]}", "links.cafe.1.password",
         "only rooms of xmpp have passwords"),
        ("links: {cafe: [{xmpp: cafe@x, password: ''}, {fake: r}]}", "links.cafe.0.password",
         "it must be one line of at most 500 characters"),
        ("links: {cafe: [{xmpp: cafe@x}, {fake: r, looks: 1}]}", "links.cafe.1.looks", "there is no such key"),
        ("links: {cafe: [{xmpp: cafe@x, fake: r}, {fake: s}]}", "links.cafe.0",
         "each entry names one network that is configured, or xmpp, with its room"),
        ("data: ${NOWHERE}", "data", "there is no environment variable NOWHERE"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_key_and_reason(tmp_path: Path, text: str, key: str, reason: str) -> None:
    assert faults(tmp_path, SMALL + text) == {key: reason.format(folder=tmp_path)}


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("xmpp: {connector: fake, jid: a.example, secret: s}", "networks.xmpp", 'the name "xmpp" is taken'),
        ("Big: {connector: fake, jid: a.example, secret: s}", "networks.Big",
         "a network's name has small letters, digits, - and _, and begins with a letter"),
        ("n: {jid: a.example, secret: s}", "networks.n.connector", "it is missing"),
        ("n: {connector: fake, secret: s}", "networks.n.jid", "it is missing"),
        ("n: {connector: fake, jid: a@b, secret: s}", "networks.n.jid", "it must be a domain alone, without @ and /"),
        ("n: {connector: fake, jid: a b, secret: s}", "networks.n.jid", "it is not a domain"),
        ("n: {connector: fake, jid: '-a.example', secret: s}", "networks.n.jid", "it is not a domain"),
        ("n: {connector: fake, jid: a.example}", "networks.n.secret", "it is missing"),
        ("n: {connector: fake, jid: a.example, secret: ''}", "networks.n.secret", "it is empty"),
        ("n: {connector: fake, jid: a.example, secret: 12345}", "networks.n.secret",
         "it must be text, not a whole number"),
        ("n: {connector: fake, jid: a.example, secret: s, homeservr: x}", "networks.n.homeservr",
         "there is no such key; did you mean homeserver?"),
        ("n: {connector: fake, jid: a.example, secret: s, accept_direct: 'yes'}", "networks.n.accept_direct",
         "it must be true or false, not text"),
        ("n: {connector: fake, jid: Fake.example.org, secret: s}", "networks.n.jid",
         "the network fake has the same one"),
        ("n: 1", "networks.n", "it must be keys with values"),
    ],
)  # fmt: skip
def test_a_fault_of_a_network_is_named(tmp_path: Path, text: str, key: str, reason: str) -> None:
    found = faults(tmp_path, SMALL + "  " + text)

    assert found[key] == reason


def test_an_unknown_connector_is_named_with_those_that_are_installed(tmp_path: Path) -> None:
    found = faults(tmp_path, SMALL.replace("connector: fake", "connector: fax"))

    assert found["networks.fake.connector"].startswith("There is no connector 'fax'; installed are: broken, fake, gone")


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, "xmpp: {server: x}\ndatabase: 1\nusers: [me]\nnetworks: {n: {}}\nlimits: {patience: -1}\n")

    assert set(found) == {
        "xmpp.server", "database", "users.0", "networks.n.connector", "networks.n.jid", "networks.n.secret",
        "limits.patience",
    }  # fmt: skip


def test_no_network_at_all_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "") == {"networks": "no network is configured"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "line 1: "),
        ("a: 1\na: 2\n", "line 2: the key 'a' stands here twice"), ("- a\n", "it does not consist"),
        ("1: 2\n", "line 1: the key 1 is not text: quote it"), ("!!python/object:os.system {}", "line 1: "),
        ("\x00", "special characters are not allowed"), ("[" * 5000, "nested too deeply"),
    ],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    assert reason in faults(tmp_path, text)[""]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: it cannot be read: No such file or directory"):
        load(tmp_path / "nowhere.yaml", {})


def test_values_come_from_the_environment(tmp_path: Path) -> None:
    config = read(
        tmp_path, SMALL.replace("s3cret", '"${FAKE_SECRET}"') + "http: {token: 'a${B}c'}\n",
        FAKE_SECRET="12345", B="-", LANDBRIDGE_XMPP__MAX_STANZA="20000", LANDBRIDGE_ADMINS="[a@example.org]",
        LANDBRIDGE_NETWORKS__FAKE__ACCEPT_DIRECT="true", LANDBRIDGE_NETWORKS__FAKE__BOT_TOKEN="9:x",
        LANDBRIDGE_NETWORKS__OTHER__CONNECTOR="fake", LANDBRIDGE_NETWORKS__OTHER__JID="other.example",
        LANDBRIDGE_NETWORKS__OTHER__SECRET="007", LANDBRIDGE_DATABASE="sqlite:///e.db", UNRELATED="x",
    )  # fmt: skip

    assert config.networks["fake"].secret == "12345"
    assert config.http.token == "a-c"
    assert config.xmpp.max_stanza == 20_000
    assert config.admins == ("a@example.org",)
    assert config.networks["fake"].options == {"accept_direct": True, "bot_token": "9:x"}
    assert config.networks["other"].secret == "007"
    assert config.database == f"sqlite:///{tmp_path}/e.db"
    assert config.secrets == {"12345", "a-c", "9:x", "007"}


def test_a_variable_of_a_network_with_a_hyphen_finds_it(tmp_path: Path) -> None:
    text = SMALL.replace("fake: {", "my-fake: {")

    config = read(tmp_path, text, LANDBRIDGE_NETWORKS__MY_FAKE__SECRET="other")

    assert config.networks["my-fake"].secret == "other"


def test_a_wrong_value_in_the_environment_is_a_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, SMALL, LANDBRIDGE_XMPP__MAX_STANZA="big") == {
        "xmpp.max_stanza": "it must be a whole number, not text"
    }


def test_a_variable_that_names_nothing_is_a_warning(tmp_path: Path) -> None:
    config = read(tmp_path, SMALL, LANDBRIDGE_DATABSE="x")

    assert config.warnings == ("The environment variable LANDBRIDGE_DATABSE names no setting.",)


def test_a_broken_connector_is_a_warning_and_the_others_run(tmp_path: Path) -> None:
    more = """  old: {connector: broken, jid: b.example, secret: s, whatever: 1}
  lost: {connector: gone, jid: c.example, secret: s}"""

    config = read(tmp_path, SMALL + more)

    assert list(config.networks) == ["fake", "old", "lost"]
    assert "The network old is disabled" in config.warnings[0]
    assert "its library is too old" in config.warnings[0]
    assert "No module named 'gone_connector'" in config.warnings[1]


def test_secrets_that_others_can_read_are_a_warning(tmp_path: Path) -> None:
    file, secret = tmp_path / "config.yaml", tmp_path / "second.secret"
    file.write_text(WHOLE)
    secret.write_text("x")
    file.chmod(0o640)
    secret.chmod(0o604)

    warnings = load(file, {}).warnings

    assert warnings == tuple(f"Others can read {f}, and it holds a secret: run chmod 600 {f}." for f in (file, secret))


def test_a_file_without_secrets_may_be_read(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(SMALL.replace("s3cret", '"${S}"'))
    file.chmod(0o644)

    assert load(file, {"S": "s3cret"}).warnings == ()


def test_nobody_allowed_is_a_warning(tmp_path: Path) -> None:
    assert "nobody may use the gateways" in read(tmp_path, SMALL.replace('users: ["*"]', "")).warnings[0]


def test_links_have_a_short_form_and_a_long_one(tmp_path: Path) -> None:
    text = """
links:
  cafe: {xmpp: Cafe@Conference.example.org, fake: -1001234567890}
  news:
    - {xmpp: news@conference.example.org, direction: from}
    - {fake: "#news:example.org", name_format: "{name} ({network}): "}
"""
    (tmp_path / "config.yaml").write_text(SMALL + text)

    cafe, news = load(tmp_path / "config.yaml", {}).links

    assert [(end.network, end.chat, end.direction, end.name_format) for end in (*cafe.ends, *news.ends)] == [
        ("xmpp", "cafe@conference.example.org", "both", ""),
        ("fake", "-1001234567890", "both", ""),
        ("xmpp", "news@conference.example.org", "from", ""),
        ("fake", "#news:example.org", "both", "{name} ({network}): "),
    ]


def test_the_password_of_a_room_is_no_part_of_what_is_stored(tmp_path: Path) -> None:
    """It is a secret, which no log and no database has."""
    (tmp_path / "rose").write_text("r0se\n")
    text = "links:\n  cafe: [{xmpp: cafe@x.example, password_file: rose}, {fake: '#room'}]\n"
    (link,) = read(tmp_path, SMALL + text).links
    assert link.ends[0].password == "r0se"
    assert "r0se" not in link.text() + repr(link)
