"""Have a session tell the browser all of one run before it starts the next.

A fragment that polls asks for its run whenever its clock ticks, also while the page is being drawn. Streamlit 1.67 then
forgets messages in two ways. If the thread that drew the page has just come to its end, a new one is started at once,
and what the old one said and the session has not yet heard is thrown away, at worst the whole page. And what was heard
of the fragment but not yet sent is taken back, though the page's end, which has the browser remove all that it was not
sent again, goes out. On a busy machine the browser is then asked to fill places that it does not have, and shows
nothing any more but an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamlit.runtime.app_session import AppSession, AppSessionState

if TYPE_CHECKING:
    from streamlit.proto.ClientState_pb2 import ClientState
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

# Streamlit has no public place for this. Its sessions are changed only where they know all of these.
_NEEDED = ("request_rerun", "_create_scriptrunner", "_call_soon_on_event_loop")


def keep_runs_in_order(session_type: type[AppSession] = AppSession) -> None:
    """Change the sessions of this server, once.

    A tick that comes while a run is under way, or not all of it is sent, is ignored: the clock ticks again. So no page
    may have two fragments that poll; one could always fall into the other's run. Any other request for a fragment that
    comes after the last run's end starts when the session has heard all of that run.
    """
    if not all(hasattr(session_type, name) for name in _NEEDED):
        return
    request, create = session_type.request_rerun, session_type._create_scriptrunner

    def request_in_order(session: AppSession, asked: ClientState | None) -> None:
        is_at_rest = session._scriptrunner is None and session._browser_queue.is_empty()
        if asked is not None and asked.is_auto_rerun and not is_at_rest:
            return
        request(session, asked)

    def create_in_order(session: AppSession, asked: RerunData) -> None:
        ended = session._scriptrunner
        if ended is None:  # none is there, or a change of the whole page has put an end to it: its words count no more
            create(session, asked)
            return

        def start() -> None:
            if session._state == AppSessionState.SHUTDOWN_REQUESTED:
                return
            current = session._scriptrunner
            if current is None or current is ended:
                create(session, asked)
            elif not current.request_rerun(asked):  # started since, and ended again
                create_in_order(session, asked)

        # What a run says reaches its session through this loop, in order: the start comes after all of it.
        session._call_soon_on_event_loop(start)

    session_type.request_rerun = request_in_order
    session_type._create_scriptrunner = create_in_order
