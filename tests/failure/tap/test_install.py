"""The tap in real sessions: a terminal error is final where it is raised, others are retried."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit.agents import (
    Agent,
    AgentSession,
    APIConnectOptions,
    APIStatusError,
    ErrorEvent,
)
from livekit.agents.voice.agent_session import SessionConnectOptions

from failure.rehearsal import gateway_llm
from lastword._upstream import clients
from lastword.failure.quota import InferenceQuotaExceededError
from lastword.failure.tap import install as tap
from lastword.failure.tap import streams
from lastword.session.owner import SessionOwner
from lastword.testing import gateway as g

pytestmark = pytest.mark.usefixtures("collected")

BOUND_S = 60.0
CHAT = "/v1/chat/completions"


@pytest.fixture
async def gateway() -> AsyncIterator[g.Gateway]:
    async with g.Gateway() as running:
        yield running


class Heard:
    """The error events of a session, and a way to wait for the one that ends a turn."""

    def __init__(self, session: AgentSession) -> None:
        self.events: list[ErrorEvent] = []
        self._unrecoverable = asyncio.Event()
        session.on("error", self._note)

    def _note(self, event: ErrorEvent) -> None:
        self.events.append(event)
        if not event.error.recoverable:
            self._unrecoverable.set()

    async def unrecoverable(self) -> ErrorEvent:
        await asyncio.wait_for(self._unrecoverable.wait(), BOUND_S)
        return next(event for event in self.events if not event.error.recoverable)


@pytest.fixture
async def owned() -> AsyncIterator[list[SessionOwner]]:
    """Owners that a test installed, removed when it ends."""
    owners: list[SessionOwner] = []
    yield owners
    for owner in owners:
        tap.remove(owner)


async def test_a_terminal_429_is_final_at_once(
    gateway: g.Gateway, owned: list[SessionOwner]
) -> None:
    """One request, one event, our typed error in it, and the response still within reach."""
    gateway.script(CHAT, g.quota_exceeded())
    async with AgentSession(llm=gateway_llm(gateway)) as session:
        owned.append(SessionOwner(session))
        tap.install(owned[0])
        heard = Heard(session)
        await session.start(Agent(instructions="Be brief."))
        responses = []
        session.on("error", lambda ev: responses.append(ev.error.error.__context__.response))
        session.generate_reply(user_input="Hello?")
        event = await heard.unrecoverable()

    error = event.error.error
    assert isinstance(error, InferenceQuotaExceededError)
    assert (error.category, error.terminal, error.retryable) == ("MaxGatewayCredits", True, False)
    assert responses[0].json()["hint"] == error.hint
    assert gateway.asked(CHAT) == 1
    assert len(heard.events) == 1


async def test_a_transient_error_keeps_its_retries(
    gateway: g.Gateway, owned: list[SessionOwner]
) -> None:
    """503 twice, then an answer: heard as livekit-agents hears it, judged all the same."""
    gateway.script(CHAT, g.overloaded(), g.overloaded(), g.says("Good morning."))
    quick = SessionConnectOptions(llm_conn_options=APIConnectOptions(retry_interval=0.0))
    async with AgentSession(llm=gateway_llm(gateway), conn_options=quick) as session:
        owned.append(SessionOwner(session))
        tap.install(owned[0])
        heard = Heard(session)
        await session.start(Agent(instructions="Be brief."))
        handle = session.generate_reply(user_input="Hello?")
        await asyncio.wait_for(handle.wait_for_playout(), BOUND_S)
        said = [item.text_content for item in session.history.items if item.type == "message"]

    assert (said[-1] or "").strip() == "Good morning."
    assert [event.error.recoverable for event in heard.events] == [True, True]
    assert all(isinstance(event.error.error, APIStatusError) for event in heard.events)
    assert [event.error.error.terminal for event in heard.events] == [False, False]
    assert gateway.asked(CHAT) == 3


async def test_retries_below_the_stream_are_taken_for_a_while(
    gateway: g.Gateway, owned: list[SessionOwner]
) -> None:
    """In 1.4 and 1.5 the client inside `inference.LLM` asks again; a stranger's still does."""
    gateway.script(CHAT, g.quota_exceeded())
    ours, strangers = gateway_llm(gateway), gateway_llm(gateway)
    ours._client.max_retries = strangers._client.max_retries = 2
    async with AgentSession(llm=ours) as session:
        owned.append(SessionOwner(session))
        tap.install(owned[0])
        heard = Heard(session)
        await session.start(Agent(instructions="Be brief."))
        session.generate_reply(user_input="Hello?")
        await heard.unrecoverable()
        assert gateway.asked(CHAT) == 1
        assert (ours._client.max_retries, strangers._client.max_retries) == (0, 2)
        tap.remove(owned[0])
        assert ours._client.max_retries == 2


async def test_a_number_of_retries_that_a_user_chose_is_left_alone(
    gateway: g.Gateway, owned: list[SessionOwner]
) -> None:
    gateway.script(CHAT, g.quota_exceeded())
    ours = gateway_llm(gateway)
    ours._client.max_retries = 1
    async with AgentSession(llm=ours) as session:
        owned.append(SessionOwner(session))
        tap.install(owned[0])
        heard = Heard(session)
        await session.start(Agent(instructions="Be brief."))
        session.generate_reply(user_input="Hello?")
        await heard.unrecoverable()
        assert ours._client.max_retries == 1


@pytest.mark.parametrize("chosen", [None, 3])
async def test_the_retries_of_awss_sdk_are_taken_for_a_while(
    owned: list[SessionOwner], chosen: int | None
) -> None:
    """Its sessions ask four times more, unless the environment or the user says how often."""
    aws = pytest.importorskip("livekit.plugins.aws", reason="the plugins are in an extra")
    sdk = aws.LLM(api_key="AKIA", api_secret="x", region="us-east-1")  # noqa: S106
    inside = getattr(sdk._session, "_session", sdk._session)
    if chosen is not None:
        inside.set_config_variable("max_attempts", chosen)
    async with AgentSession(llm=sdk) as session:
        owned.append(SessionOwner(session))
        tap.install(owned[0])
        client = clients.inner_client(sdk)
        assert (client is inside) is (chosen is None)
        if client is not None:
            streams.inner_retries[client] = clients.quieten(client)
            assert inside.get_config_variable("max_attempts") == 1
        tap.remove(owned[0])
        assert inside.get_config_variable("max_attempts") == chosen
