"""What somebody is on their network beyond their rank they wear here as hats (XEP-0317)."""

from xml.etree.ElementTree import Element

from bridge.contract import Title
from bridge.testing.wire import Entitles, Ranks
from tests.conftest import ANY_SERVER
from tests.scenarios.rooms.conftest import InVerona
from tests.support import muc
from tests.support.muc import worn

pytestmark = ANY_SERVER
HOSTILE = "a" * 90 + "\x00\u202e\r\n\t'\"<hat/>&" + "z" * 10_000


async def entitle(verona: InVerona, person: str, *titles: Title) -> None:
    await verona.play.world.do(Entitles(person=person, chat=verona.chat, titles=titles))


async def shown(verona: InVerona, nick: str) -> Element:
    """The next presence of somebody."""
    full = f"{verona.room}/{nick}"
    return await verona.app.expect(
        lambda s: s.get("from") == full and muc.is_presence(s, verona.room), what=f"presence of {nick}"
    )


async def test_titles_are_hats_from_the_first_presence_on(verona: InVerona) -> None:
    app = verona.app
    told = await app.iq(verona.room, "get", f"<query xmlns='{muc.INFO}'/>")
    assert "urn:xmpp:hats:0" in {one.get("var") for one in told.iter(f"{{{muc.INFO}}}feature")}
    await entitle(verona, "juliet", Title("heir", "Heir"), Title("guest", "Guest of honour"))
    await entitle(verona, "romeo", Title("heir", "Heir"))

    # What an app says of hats of its own, on entering and later, is nobody's.
    own = "<hats xmlns='urn:xmpp:hats:0'><hat uri='urn:x' title='King'/></hats>"
    entered = await verona.enter(history=f"</x>{own}<x xmlns='urn:x'>")  # beside what it enters with
    app.send(f"<presence to='{verona.room}/King'>{own}</presence>")
    mine = await shown(verona, "Romeo")

    assert entered.own is not None
    by_nick = {muc.nick(one): worn(one) for one in (*entered.others, entered.own)}
    assert {nick: [title for _, title in some] for nick, some in by_nick.items()} == {
        "Juliet": ["Heir", "Guest of honour"], "Nurse": [], "Romeo": ["Heir"],
    }  # fmt: skip
    (heir, _), (guest, _) = by_nick["Juliet"]
    assert by_nick["Romeo"] == worn(mine) == [(heir, "Heir")]
    assert heir != guest
    assert heir.startswith("urn:uuid:")

    await entitle(verona, "nurse", Title("heir", "Heir apparent"))
    assert worn(await shown(verona, "Nurse")) == [(heir, "Heir apparent")]
    await verona.play.world.do(Ranks(person="nurse", chat=verona.chat, rank="admin"))
    assert worn(await shown(verona, "Nurse")) == [(heir, "Heir apparent")]
    await entitle(verona, "juliet")
    bare = await shown(verona, "Juliet")
    assert bare.find(f"{muc.HATS}hats") is None
    await entitle(verona, "romeo", Title("x", "Friar"))
    mine = await shown(verona, "Romeo")
    assert ([title for _, title in worn(mine)], muc.statuses(mine)) == (["Friar"], {110})


async def test_hostile_titles_harm_nothing(verona: InVerona) -> None:
    await verona.enter()
    some = [Title("\x00<'" + "i" * 5_000, HOSTILE), Title("none", "\u202e \n"), Title("", "No id")]

    await entitle(verona, "nurse", *some, *(Title(f"t{number}", f"T{number}") for number in range(500)))

    hats = worn(await shown(verona, "Nurse"))
    assert [title for _, title in hats] == ["a" * 90 + " '\"<hat/>&", *(f"T{number}" for number in range(9))]
    assert len({uri for uri, _ in hats}) == 10
    await verona.says("nurse", "Anon, good nurse!")
    await verona.app.expect(lambda s: "Anon, good nurse!" in "".join(s.itertext()), what="what is said after it")
