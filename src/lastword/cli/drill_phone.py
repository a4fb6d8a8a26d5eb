"""Tells how to rehearse a failing call by hand, with a telephone and a SIP trunk."""

from __future__ import annotations

TRUNK = '{"trunk": {"name": "drill", "numbers": ["+15105550100"]}}'
RULE = (
    '{"dispatch_rule": {"rule": {"dispatchRuleIndividual": {"roomPrefix": "drill-"}},\n'
    '   "roomConfig": {"agents": [{"agentName": "drill"}]}}}'
)

AGENT = """\
import asyncio
import inspect

from livekit.agents import Agent, AgentServer, JobContext, cli

from lastword.testing import break_component
from {module} import {function}

server = AgentServer()


@server.rtc_session(agent_name="drill")
async def answer(job: JobContext) -> None:
    made = {function}()
    made = await made if inspect.isawaitable(made) else made
    session, agent = made if isinstance(made, tuple) else (made, Agent(instructions="Be brief."))
    closed = asyncio.Event()
    session.on("close", lambda _: closed.set())
    with break_component(session, "llm", with_="quota_exhausted", after_turns=1):
        await session.start(agent, room=job.room)
        session.generate_reply(instructions="Greet the caller.")
        await closed.wait()


cli.run_app(server)
"""

_BY_HAND = """\
How to hear {factory} fail on a telephone. No command can do this for you: it takes a phone number,
a LiveKit project with SIP, and your ears.

1. Let a number ring at LiveKit, with its command line (lk) and your trunk's number:
   lk sip inbound create trunk.json, with
   {trunk}
   lk sip dispatch create rule.json, with
   {rule}
   Numbers bought from LiveKit Cloud need no trunk, only the rule.

2. Save this as drill_phone.py beside your module, and run it: python drill_phone.py dev
   It needs LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET and the keys of your providers.

{agent}
3. Call the number. The agent greets you; say something. Now its LLM is out of credits:
   - within a second you must hear your words, from the first syllable to the last;
   - then the line must go dead. If it stays open and silent, give attach an action: leaving a
     room does not end a phone call, lastword.hang_up() or lastword.transfer_to(...) does.

4. Do it again with what else can happen: "tts" or "stt" instead of "llm", with_="auth",
   with_=hangs() (silence until Silence gives up), and while you are talking.

5. Delete what you made: lk sip dispatch list, lk sip dispatch delete ID; the same for inbound.
"""


def by_hand(factory: str) -> str:
    """Return the instructions.

    Args:
        factory: "MODULE:FUNCTION" that makes the session.
    """
    module, _, function = factory.partition(":")
    return _BY_HAND.format(
        factory=factory,
        trunk=TRUNK,
        rule=RULE,
        agent=AGENT.format(module=module, function=function),
    )
