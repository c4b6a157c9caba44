"""The waiting line, and how often anyone may ask."""

import pytest

from app.refusal import Refused
from app.visitors.queue import WaitingLine
from app.visitors.rates import Addresses, RateLimit, household
from tests.app.sessions import Page


def full(**limits):
    """A page whose only place is taken, and the token of the visit that has it."""
    page = Page(limit=1, idle=1e9, deserted=1e9, **limits)
    return page, page.start()


def ask(page, ticket, after=2.0):
    page.now += after
    return page.open_session({"ticket": ticket})


def test_places_go_to_the_first_in_line():
    page, token = full()
    first, second, third = (page.open_session({}) for _ in range(3))
    assert [waiting["before"] for waiting in (first, second, third)] == [0, 1, 2]
    assert len({waiting["ticket"] for waiting in (first, second, third)}) == 3
    assert all(len(waiting["ticket"]) >= 32 for waiting in (first, second, third))
    page.close_session({"token": token})
    # Neither who stands further back nor who comes now goes before.
    assert ask(page, second["ticket"])["before"] == 1
    assert page.open_session({})["before"] == 3
    assert "token" in ask(page, first["ticket"], 0)
    assert ask(page, second["ticket"])["before"] == 0
    assert ask(page, third["ticket"], 0)["before"] == 1


def test_two_free_places_are_for_the_first_two():
    page = Page(limit=2, idle=1e9)
    tokens = [page.start() for _ in range(2)]
    tickets = [page.open_session({})["ticket"] for _ in range(3)]
    for token in tokens:
        page.close_session({"token": token})
    assert "token" in ask(page, tickets[1])
    assert ask(page, tickets[2], 0)["before"] == 1
    assert "token" in ask(page, tickets[0], 0)


def test_who_stops_asking_loses_the_place_in_line_and_who_asks_keeps_it():
    page, token = full()
    gone, here = (page.open_session({})["ticket"] for _ in range(2))
    for _ in range(5):
        page.now += 2.0
        answer = page.open_session({"ticket": here})
    assert answer["before"] == 0
    page.close_session({"token": token})
    assert "token" in ask(page, here)
    late = ask(page, gone)
    assert late["ticket"] != gone
    assert late["before"] == 0


def test_a_ticket_is_used_once_and_can_be_given_back():
    page, token = full()
    first, second = (page.open_session({})["ticket"] for _ in range(2))
    page.close_session({"ticket": first})
    assert ask(page, second)["before"] == 0
    page.close_session({"token": token})
    assert "token" in ask(page, second)
    assert ask(page, second)["ticket"] != second
    assert len(page.sessions) == 2


@pytest.mark.parametrize("ticket", ["", "x" * 32, 3, ["a"], {"a": 1}])
def test_a_guessed_ticket_is_none(ticket):
    page, token = full()
    mine = page.open_session({})["ticket"]
    assert page.open_session({"ticket": ticket})["before"] == 1
    page.close_session({"ticket": ticket})
    page.close_session({"token": token})
    assert page.open_session({"ticket": ticket})["before"] >= 1
    assert "token" in ask(page, mine)


def test_a_ticket_is_no_token():
    page, _ = full()
    ticket = page.open_session({})["ticket"]
    assert all(call({"token": ticket})["error"] == "ended" for call in (page.exchange, page.control, page.take_along))


def test_the_line_is_bounded():
    page, _ = full()
    answers = [page.open_session({}) for _ in range(51)]
    assert [answer.get("error") for answer in answers] == [None] * 50 + ["full"]
    assert "50 people" in answers[-1]["message"]


def test_who_asks_for_a_place_too_often_is_slowed_down_and_stays_in_line():
    page, _ = full()
    ticket = page.open_session({})["ticket"]
    answers = [page.open_session({"ticket": ticket}) for _ in range(10)]
    assert {answer.get("error") for answer in answers} == {None, "too_fast"}
    assert ask(page, ticket)["before"] == 0


def calls(page, token):
    """Every server function on behalf of a visit, with the number of calls in a burst that it allows."""
    return [(page.exchange, {"token": token}, 20), (page.control, {"token": token}, 20), (page.take_along, {"token": token}, 10)]


@pytest.mark.parametrize("number", range(3))
def test_every_call_of_a_visit_is_bounded(number):
    page = Page(rate=10)
    token, other = page.start(), page.start()
    call, data, burst = calls(page, token)[number]
    answers = [call(data).get("error") for _ in range(50)]
    assert answers == [None] * burst + ["too_fast"] * (50 - burst)
    assert "error" not in page.exchange({"token": other})
    page.now += 2.0
    assert "error" not in call(data)


class Request:
    """What Gradio says of who asks."""

    def __init__(self, host):
        self.client = type("Client", (), {"host": host})


@pytest.mark.parametrize("name", ["open_session", "recogniser_status", "exchange", "control", "take_along"])
def test_without_a_visit_each_address_is_bounded_by_itself(name):
    page = Page(limit=1)
    call = getattr(page, name)
    page.start()
    answers = [call({"token": "guessed"}, Request("1.2.3.4")).get("error") for _ in range(100)]
    assert answers.count("too_fast") == 40
    assert answers[-1] == "too_fast"
    assert call({"token": "guessed"}, Request("1.2.3.5")).get("error") != "too_fast"
    page.now += 1.0
    assert call({"token": "guessed"}, Request("1.2.3.4")).get("error") != "too_fast"


def test_a_visit_is_not_slowed_down_by_others_at_its_address():
    page = Page()
    token = page.start()
    while page.recogniser_status({}).get("error") != "too_fast":
        pass
    assert "error" not in page.exchange({"token": token})
    assert page.close_session({"token": token}) == {"done": True}


def test_quiet_addresses_are_forgotten():
    now = [0.0]
    addresses = Addresses(lambda: now[0])
    for number in range(2500):
        now[0] += 0.01
        addresses.spend(str(number))
    assert len(addresses._limits) <= 1001


def test_a_bucket_never_saves_up_more_than_a_burst():
    now = [0.0]
    limit = RateLimit(10, 5, lambda: now[0])
    now[0] = 1000.0
    assert sum(limit.allow() for _ in range(50)) == 5


def test_nobody_waits_without_a_line():
    line = WaitingLine(lambda: 0.0, longest=0)
    with pytest.raises(Refused) as refusal:
        line.join("", {})
    assert refusal.value.code == "full"


CROWD, OTHER = Request("6.6.6.6"), Request("1.2.3.4")


def crowded(**limits):
    """A page that one address has asked for a place 62 times in two seconds, and the answers."""
    page = Page(idle=1e9, deserted=1e9, **limits)
    answers = []
    for _ in range(62):
        answers.append(page.open_session({}, CROWD))
        page.now += 2 / 62
    return page, answers


def test_an_address_with_all_places_and_the_whole_line_keeps_nobody_else_from_the_next_place():
    page, answers = crowded()
    assert [sum(key in answer for answer in answers) for key in ("token", "ticket", "error")] == [8, 50, 4]
    waiting = page.open_session({}, OTHER)
    assert waiting["before"] == 0
    page.close_session({"token": answers[0]["token"]})
    assert "ticket" in page.open_session({"ticket": answers[8]["ticket"]}, CROWD)
    assert "token" in page.open_session({"ticket": waiting["ticket"]}, OTHER)
    # It had room made for it by the youngest of the crowd, who may come again.
    assert page.open_session({"ticket": answers[57]["ticket"]}, CROWD)["before"] == 49


def test_a_class_behind_one_router_has_all_places_while_nobody_else_wants_one():
    page = Page(limit=30, idle=1e9, deserted=1e9)
    assert all("token" in page.open_session({}, CROWD) for _ in range(30))
    page.now += 1000
    page.visitors.sweep()
    assert len(page.visitors) == 30


def test_the_line_takes_turns_between_addresses():
    page = Page(limit=1, idle=1e9, deserted=1e9)
    page.open_session({}, Request("9.9.9.9"))
    before = [page.open_session({}, Request(host))["before"] for host in ("a", "a", "a", "b", "b", "c")]
    # a b c a b a
    assert before == [0, 1, 2, 1, 3, 2]


def test_who_has_most_places_is_asked_for_the_longest_visit_when_others_wait():
    page, answers = crowded(shared=600.0)
    tokens = [answer["token"] for answer in answers[:8]]
    ticket, waited = page.open_session({}, OTHER)["ticket"], page.now

    def told():
        return [page.exchange({"token": token}, CROWD).get("ending") for token in tokens]

    while "ticket" in (answer := page.open_session({"ticket": ticket}, OTHER)):
        page.now += 5
        assert page.now - waited < 700
        if page.now > 605:
            first, *others = told()
            assert others == [None] * 7 and (first is None or "Others wait" in first["message"])
    assert 655 < page.now < 675
    # One place for each that waits, and the others stay.
    page.now += 5
    assert page.exchange({"token": tokens[0]}, CROWD)["error"] == "ended" and "token" in answer
    assert all("error" not in page.exchange({"token": token}, CROWD) for token in tokens[1:])


def test_nobody_is_asked_to_end_the_only_visit_of_an_address():
    page = Page(limit=2, idle=1e9, deserted=1e9)
    tokens = [page.open_session({}, Request(host))["token"] for host in ("a", "b")]
    ticket = page.open_session({}, OTHER)["ticket"]
    for _ in range(400):
        page.now += 4
        page.open_session({"ticket": ticket}, OTHER)
    assert [page.exchange({"token": token}).get("ending") for token in tokens] == [None, None]


def test_who_is_asked_to_end_may_stay_when_nobody_waits_any_more():
    page, answers = crowded()
    ticket = page.open_session({}, OTHER)["ticket"]
    for _ in range(121):
        page.now += 5
        page.open_session({"ticket": ticket}, OTHER)
    token = {"token": answers[0]["token"]}
    assert page.exchange(token)["ending"]["seconds"] > 0
    page.close_session({"ticket": ticket})
    page.now += 100
    page.visitors.sweep()
    assert page.exchange(token)["ending"] is None


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_of_ipv6_the_network_counts(address, counted):
    assert household(address) == counted
