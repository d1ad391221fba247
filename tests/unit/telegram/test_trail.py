"""Whose a message is, by its number: against a plain table, and after every loss that a crash can bring."""

import random

import pytest

from connectors.telegram.operator.trail import Trail


@pytest.mark.parametrize("seed", range(50))
def test_every_number_that_was_put_is_as_it_was_put(seed: int) -> None:
    chance = random.Random(seed)
    trail, table, late = Trail(), dict[int, int](), list[int]()
    number = 0
    for _ in range(300):
        owner = chance.randrange(4)
        number += chance.randrange(1, 4)
        if chance.random() < 0.2:
            late.append(number)  # its news come behind those of later ones
            continue
        if chance.random() < 0.5:
            trail.expect(owner)
            if chance.random() < 0.3:
                trail.put(number, other := chance.randrange(4))  # somebody else says something meanwhile
                table[number] = other
                number += 1
        trail.put(number, owner)
        trail.expect(None)
        table[number] = owner
        if late and chance.random() < 0.5:
            trail.put(one := late.pop(), owner := chance.randrange(4))
            table[one] = owner
        if chance.random() < 0.1:
            trail = Trail(trail.stretches, trail.highest)

    assert {one: trail.of(one) for one in table} == table


def test_what_was_about_to_be_sent_when_we_were_killed_is_known_whose_it_is() -> None:
    trail = Trail()
    trail.put(5, 1)
    trail.expect(2)
    after = Trail(trail.stretches, trail.highest)

    assert (after.of(4), after.of(5), after.of(6), after.of(9)) == (None, 1, 2, 2)
    after.put(7, 1)
    assert (after.of(6), after.of(7), after.of(8)) == (2, 1, 1)


def test_somebody_else_says_something_while_it_is_on_its_way() -> None:
    trail = Trail()
    trail.put(5, 1)
    trail.expect(2)
    trail.put(6, 1)

    assert (trail.of(6), trail.of(7)) == (1, 2), "and after a crash now, too"


def test_it_does_not_grow_for_ever_and_forgets_what_is_old() -> None:
    trail = Trail()
    for number in range(1, 10_001):
        trail.put(number, number % 2 + 1)

    assert len(trail.stretches) <= 2_000
    assert trail.of(1) is None
    assert [trail.of(n) for n in (9_998, 9_999, 10_000)] == [1, 2, 1]
