"""No message of a run is lost to a fragment that asks for its own: Streamlit's own session, without a server."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession, AppSessionState
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

from dashboard.session_order import keep_runs_in_order


class Runner:
    """A thread that draws a page, as its session sees it: under way, or ended and deaf."""

    def __init__(self, *, is_ended):
        self.is_ended, self.asked = is_ended, []

    def request_rerun(self, asked):
        if not self.is_ended:
            self.asked.append(asked)
        return not self.is_ended


def make_session(*, in_order=True):
    """Return a session that notes what it started, and how many messages it had heard by then."""

    class Session(AppSession):
        def __init__(self):
            self.id = "session"
            self._state = AppSessionState.APP_NOT_RUNNING
            self._scriptrunner = None
            self._browser_queue = ForwardMsgQueue()
            self._event_loop = asyncio.get_running_loop()
            self._message_enqueued_callback = None
            self._debug_last_backmsg_id = None
            self.started = []

        def __del__(self):
            pass

        def has_fragment(self, _):
            return True

        def _create_scriptrunner(self, asked):
            self._scriptrunner = Runner(is_ended=False)
            self.started.append((asked.fragment_id, len(self._browser_queue)))

    if in_order:
        keep_runs_in_order(Session)
    return Session()


def ask(fragment_id="figures", *, is_tick=False):
    return ClientState(fragment_id=fragment_id, is_auto_rerun=is_tick)


def say(session, runner, place):
    """Have a run put something into a place of the page, as its thread does."""
    message = ForwardMsg()
    message.metadata.delta_path.extend([0, place])
    message.delta.new_element.text.body = "drawn"
    session._on_scriptrunner_event(runner, ScriptRunnerEvent.ENQUEUE_FORWARD_MSG, forward_msg=message)


def run_and_return(steps):
    """Run steps in a loop of their own, in a thread of their own: that of the browser tests has a loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(steps())).result()


@pytest.mark.parametrize("in_order", [True, False])
def test_a_run_is_heard_out_before_a_click_starts_the_next(in_order):
    async def steps():
        session = make_session(in_order=in_order)
        session._scriptrunner = ended = Runner(is_ended=True)
        say(session, ended, 0)
        say(session, ended, 1)
        session.request_rerun(ask())
        await asyncio.sleep(0)
        return session.started, len(session._browser_queue)

    started, heard = run_and_return(steps)
    # Without it Streamlit throws both away: once it does not, all of this can go.
    assert (started, heard) == (([("figures", 2)], 2) if in_order else ([("figures", 0)], 0))


def test_two_clicks_after_the_end_start_one_run_that_is_handed_the_other():
    async def steps():
        session = make_session()
        session._scriptrunner = Runner(is_ended=True)
        session.request_rerun(ask("figures"))
        session.request_rerun(ask("layers"))
        await asyncio.sleep(0)
        return session.started, [asked.fragment_id for asked in session._scriptrunner.asked]

    assert run_and_return(steps) == ([("figures", 0)], ["layers"])


def test_a_change_of_the_whole_page_waits_for_nothing():
    async def steps():
        session = make_session()
        session.request_rerun(ClientState())
        return session.started

    assert run_and_return(steps) == [(None, 0)]


def test_nothing_starts_in_a_session_that_was_ended_meanwhile():
    async def steps():
        session = make_session()
        session._scriptrunner = Runner(is_ended=True)
        session.request_rerun(ask())
        session._state = AppSessionState.SHUTDOWN_REQUESTED
        await asyncio.sleep(0)
        return session.started

    assert run_and_return(steps) == []


@pytest.mark.parametrize("busy", ["a run is under way", "the last is not sent yet"])
def test_a_tick_is_ignored_until_the_page_is_at_rest(busy):
    async def steps():
        session = make_session()
        if busy == "a run is under way":
            session._scriptrunner = Runner(is_ended=False)
        else:
            session._browser_queue.enqueue(ForwardMsg())
        session.request_rerun(ask(is_tick=True))
        asked = session._scriptrunner.asked if session._scriptrunner else []
        before = [*session.started, *asked]
        session._scriptrunner = None
        session._browser_queue.flush()
        session.request_rerun(ask(is_tick=True))
        return before, session.started

    assert run_and_return(steps) == ([], [("figures", 0)])
