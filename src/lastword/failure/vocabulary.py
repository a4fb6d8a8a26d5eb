"""Lists the words that logs may show: common English of error messages, and names of providers.

A key of letters alone looks like a word, so looking like one is not enough: what is shown is in
this list, or in the tables of the providers. Gathered from the messages that livekit-agents, its
plugins and the libraries under them raise, from recorded errors, and from what providers document;
names of people, places and things that passwords are made of were left out. Imports `providers`
alone.
"""

from __future__ import annotations

import re

from .providers import KNOWN_CODES, RULES
from .providers.names import NAME_WORDS

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word in a compound: "MaxGatewayCredits" has three, "HTTPError" two."""

_LETTERS = re.compile(r"[a-z]{2,24}")


def parts_of(compound: str) -> list[str]:
    """Split letters into words at their capitals."""
    return _PART.findall(compound)


_COMMON_TEXT = """
a able abort aborted aborts about above absolute abstract abuse accent accents accept acceptable
accepted accepts access accessed accessible account accounts aclose acquire across action activate
activated activation active activity actual actually adapt adapter adaptive add added additional
address adjust admin administrator advisory afford africa after afterwards again against agent
agents ago agreement ai aiohttp aiplatform alaw algorithm algorithms alias aliases align aligned all
allocate allow allowed almost alone along already also alt alternative alternatively although always
am amazon ambiguous american among amount an and android annotated annotation annotations annual
another answer anthropic any anymore anyone anything anyway apache api apologize apology app
apparently appear appears append appended appending apple application applied apply approval approve
approved apr april archive are aren argument arguments around array arrays arrearage arrears arrived
arrives articles as ascii asia asian asked asking asr assembly assemblyai assign assignment
assistance assistant assistants assume async asynchronous asyncio at atomic attached attempt
attempted attempting attempts attention attestation attribute attributes audience audio aug august
australia auth authentication authorised authority authorization authorized auto automatic
automatically available avoid await awaitable aware aws azure back backend background backwards bad
badly balance ban banned bare base based bases baseten batch batched be bearer because bedrock been
before begin behavior behind being believe below best beta between beyond bidi bigger bilingual bill
billed billing binary bit bitrate bits blank blob block blocked blocking blocklist blocks bodies
body bool boolean bot both bots bound boundaries boundary bounds brazil break broadcast broken
browser bucket buffer buffered bug build building built builtin bundle burst busy but buy by byte
bytearray bytes cache cached call callable callables callback callbacks called caller calling calls
can canada cancel canceled cancellation cancelled cancelling candidates cannot canonical capacity
capped captcha capture card careful cartesia case cast category caught cause central cerebras cert
certain certainly certificate certificates chain challenge challenged change changed channel
channels character characters charge charged charges charset chat check checked checking checkpoint
checks checksum child china choice choices choose chunk chunked chunks circular class classes claude
cleanup clear clearly cli click client clock cloned cloning close closed closing closures cloud
cloudflare clova cluster code codec codepoint codes codestral codex cohere collect collected
collection color column columns com combination combine combined combining comes coming comma
command commands comment commercial commit common compare comparing compatibility compatible compile
compiled compiler compiling complete completed completion completions complex component components
compress compressed compression compute computed computer concurrency concurrent condition
confidence config configs configuration configure configured conflict conflicting conflicts
congested congestion connect connected connecting connection connections connector consider
considered consistent console const constant constraint constraints construct constructed
constructing constructor consumed consumer contact contacted contain contained container containing
contains content contents context contiguous continuation continue continuing contract control
conversation converse conversion convert converted converting cookie cookies copy copying core
coroutine correct correctly correctness corresponding corrupt corrupted cors cost costs could couldn
count counter counting countries country cpm cpu crash crashed create created creating creation
credential credentials credit credits critical crossed cryptography ctypes currency current
currently curve custom customer customers cycle daily dashboard dashscope data database dataclass
date datetime day days deactivated dead deadline deadlock debt debug debugging dec december decimal
decision declaration declare declared decode decoded decoder decoding decommissioned decorator
decorators decrease deepgram deepseek def default deferred define defined defines definition
definitions degradation degraded delay delegation delete deleted delimiter delta demand denied deny
dependencies dependency depends depleted deployment deprecated deprecations depth description
descriptor despite destination detached detail details detect detected detection detector determine
determined developer developers device devices dial diarization diarize diarized dict dictionary
dicts did didn died different differently digest digit digits dimension dimensional dimensions dir
direct directive directly directories directory disable disabled disabling disallow disallowed
discarding disconnect disconnected disconnection distilled distribution distributions dns do docs
docstring document documentation documented does doesn dollars domain don done dot dotted double
down downgrade downgraded download downloaded downloading drive dropped dropping due duplex
duplicate duration during dynamic each eager earlier early easily east eastus editable effect eg
eight either element elements eleven elevenlabs eligibility eligible elliptic else email embedding
embeddings emit empty enable enabled encode encoded encoder encoding encodings encountered encrypted
end ended endpoint endpointing endpoints ends enforced engine engines enhanced enough ensure enter
entered enterprise entirely entitled entitlement entries entry entrypoint enum env environment
environmental environments envoy eof eot equal equivalent error errors escape escaped especially est
established etc europe european eval evaluate even event events every everything exactly example
examples exceed exceeded exceeding exceeds excep except exception exceptions exclude excluded
exclusive exec executable execute executed executing execution executor exhaust exhausted exhaustion
exist existing exists exit exited exiting expect expected expecting expects experimental expire
expired expires expiry explicit explicitly exponent export expose expression expressions ext extend
extended extension extensions external extra extract extracted extraction extras fable factory fail
failed failing fails failure fair fake fal fallback falling false family fast fatal fault faulty
feature feb february fern fetch few fewer field fields file filename filenames fileno files fill
filter filtered filtering final finalize finalized find fingerprint finish finished finite fireworks
first five fix fixed fixture flag flagged flags flash float floating floor flush flushing flux
folder follow followed following follows for forbidden force forced forget form format formats
formatted formatting forward forwarding found four fragment frame frames france fraud free freeze
fri friday from frozen full fully function functions fund funds further future gateway gemini gemma
generate generated generating generation generative generativelanguage generator generic geo germany
get getting git github give given gives gladia glob global globals gmt go goes going gone google
googleapis got gpu gradium grant granted grants greater grok groq group groups grows guard guardrail
guide guidelines guides had haiku half hand handle handled handler handling hands handshake hang
hangs hangup happen happened happening happens harassment hard harm harmful has hash hashes hate
have he head header headers health healthy hear heard heavy helicone help her here hers herself
hertz hex high higher him himself hint his histogram history hold home hook hooks hope host hostname
hour hours how however html http https httpx huggingface hume hundred hung hyperbolic hyphen hyphens
id identification identifier identifiers identities identity idle idna ids ie if ignore ignored
ignoring illegal image images imaginary immediately immutable implement implementation implemented
implicit import importantly imported importing imports impossible improper improperly in inactive
incident include included including incompatible incomplete inconsistent incorrect increase
increasing indeed indent index indexing india indicate indicators indices inf infer inference
inferred infinite info information ingress inherit inheritance inheriting init initial
initialization initialize initialized initializer initializing inline inner input insert inside
install installation installed installing instance instances instant instantiate instantiated
instead instruct instructions insufficient int integer integers intended interface interim internal
internally interpreter interrupt interrupted intersect interval into invalid invocation invoice
invoices invoke invoked inworld is isn issue issuer issues it item items iter iterable iteration
iterator its itself jailbreak jamba jan january japan javascript job json jul july jun june just jwt
keep keepalive keeps kept key keys keyterms keyword keywords kill killed kimi kind kindly kingdom
kit know known knows korea kwarg kwargs label labels labs lack lambda lang language languages large
larger last lasts lastword latency later latest layout leading leaf leaked learn least leaves left
legacy legal len length less let lets letters level levels lib libraries library licence license
licensed lifecycle like likely limit limited limits line linear lines link list listed listen
listener listening lists lite litellm literal little live livekit llama llm lmnt load loaded loader
loading local localhost locally located location locations lock locked log logger logging login
logit logprobs long longer look lookup loop lost low machine made main mainly maintenance major make
makes making malformed manage management manager mandatory manually many map mapping mappings mar
march mark markdown marked marker mask match matched matches matching math max maximum may maybe me
mean meaningless means meant media medium member members membership memory memoryview merge message
messages meta metadata meter metered method methods metric metrics microphone microsoft middle
midnight might million mime mimetype min mini minimax minimum ministral minor minute minutes
misdirected mismatch mismatched missing mistral mix mixed mixtral mode model models moderation
modified modify module modules moment moments mon monday monitor mono month monthly months moonshot
more most mostly move msg much mulaw multi multilingual multipart multiple murf must mustn mutate
mutually my myself name named names namespace nan nano nanoseconds narration narrator native near
nearly nebius necessary need needed needs negative neither nested nesting network neuphonic never
new newer newline next nginx nine no nobody node nodename nodes non none nonempty nonetheless
nonexistent noon nor normal normalization normalized north northeast northwest not note nothing
notice nov nova november novita now null nullptr num number numbers numeric nvidia obj object
objects observed obtain obviously occurred occurrences oct octet october of off offline offset often
ok old ollama omit on onboarding once one only oom oops open openai opened opening openrouter
operands operating operation operational operations operator option optional options opus or order
org organization origin original oss other otherwise ought our ourselves out outage outages output
outputs outside over overage overdue overflow overlapping overload overloaded overridden override
overrides overriding overwrite overwritten owed owing own owned owner pacific package packages
packed padding page pages pagination paid pair pairs panic paragraph parallel param parameter
parameters params parent parse parsed parser parsing part partial participant particular parts pass
passed passing password path paths pattern patterns pause paused pay payable payg paying payload
payment payments pcm pdt peak peer pem penalty pending pep per percent perform performed perhaps
period permanent permission permissions permitted perplexity personal phi phone phoneme phonemes
pickle pin pipe pipeline pitch place placed placeholder plain plan plans platform platforms playback
playht please plivo plugin plugins plus pod pods point pointer points policies policy polly pool pop
port portal portkey pos position positional positive possible possibly pre precondition predicate
preferred prefix prefixed premium prepaid prepare prepared prepay prepayment prerelease presence
present prevent prevented preview previous previously prices pricing primary primitive print prior
privacy private pro probably problem proceeding process processed processing produce produced
profile progress prohibited project projects promotional prompt prompts pronounce pronunciation
proper properties property prosody protected proto protocol protocols provide provided provider
provides provision provisioned provisioning proxies proxy pst public pull punctuation purchase pure
purposes push pushed python quality quantized query queue quickly quite quota quotas quote quoted
quotes qwen raise raised raising ramp range rate rated rates rather raw ray reach reached reaches
reaching reactivate read readable reader reading readthedocs ready real really realtime reason
reasoning reasons receive received receiving recent recently recharge recognised recognition
recognize recognized recommendation recommended reconnect reconnecting reconnection record recorder
recording recovery recursion recursive recv redefine redirect redirects reduce reduced ref refer
reference referenced references refers refill refresh refund refunds refuse refused refuses refusing
regain regarding regardless regex region regional regions register registered registration registry
regular reinstate reinstated rejected related relations relative release released relevant reliable
reload remaining remains remote remove removed removing renamed render renew renewal replace
replaced replacement replay replenish replenished replica replicas replicate reply report reported
repr reproduced request requested requester requests require required requirement requires resemble
reserved reset resolution resolve resolved resolver resource resources respond responding response
responses responsible rest restart restore restricted result results resume retired retries retrieve
retry retryable retrying return returned returning returns reusable reviewed revoke revoked
rewinding rfc rich right rime role roles rolling room root round rpc rpd rpm rps rtc rule rules run
runner running runs runtime safe safety sambanova same sample sampled samples sampling sandbox
sarvam sat satisfiable satisfy saturated saturday save saved say says scalar scale schedule
scheduled schema scheme scope scoped script scripts sdk search seats sec second seconds secret
section security see seed seek seekable seem seems seen segfault segment segments select selected
selection self send sending sends sense sensitive sent sentence sentences sep separate separated
separator separators september sequence serializable serialize serialized serializer server service
services servname session sessions set sets setting settings settle setup seven several severity
sexual sha shall shape shard shared she shell short shortage should shouldn shows shutdown side sign
signal signature signatures signing silence similar simple simply simultaneously since single
singleton sip site six size skip skipped skipping slice slices slightly slow slowdown slower slowly
small smallest sms so sock socket socks some someone something sometimes somewhere sonic soniox
sonnet soon sorry sort sorted source sources south southeast southwest space span spans speak
speaker speakers speaking speaks spec special specific specification specified specifier specifiers
specifies specify specifying speech speechmatics speed spend spitch split spoken ssl ssml stable
stack standard standing start started starter starting starts state statement states static status
stays stdin step steps stereo still stop stopped stopping stops storage store stored str strategy
stream streamable streamed streaming streams strict strictly string strings strongly struct
structure stt stub stuck studio style sub subaccount subclass subclasses subject subprocess
subscribe subscribed subscriber subscribers subscription subsequent successful such sufficient
suffix suggests suitable summary sun sunday supplied supply support supported supports suppress sure
suspend suspended suspension suspicious switch switching symbol symbols symlink sync synchronous
syntax synthesis synthesize synthesized sys system tab table tables tag tags take takes taking tar
target task team teams teapot tech telemetry tell tells telnyx temperature template temporarily
temporary ten tenant tenants terminal terminated terms territory test tests text than thank thanks
that the their them themselves then there these they thing things think thinking this thought
thousand thread three threshold throttle throttled throttling through thu thursday thus ticket tier
tiers time timed timedelta timeout timeouts timer times timestamp timestamps timezone timings titan
title tls to today together token tokenize tokenizer tokens tomorrow tone too tool tools toolset top
topup total tpd tpm tps trace traceback traces track traffic trailer trailing training transcribe
transcriber transcript transcription transcriptions transfer translate translated translation
transport tree trial trials tried tries triggering trip troubleshoot troubleshooting true truncate
truncated truncating truncation trusted truth try trying ttl tts tue tuesday tunnel tuple tuples
turbo turn turned turns twice twilio two type typed types typing ultra ultravox unable unacceptable
unanswered unapproved unary unauthenticated unauthorized unavailable unbound unbuffered unclosed
undefined under underflow underlying unexpected unexpectedly unfortunate unfortunately unfunded
unhandled unhealthy unicode union unique unit unix unknown unless unlikely unpack unpaid
unprocessable unprocessed unreachable unrecognized unsafe unset unsupported until unusable unused
unusual up update updated updating upgrade upload uploads upstream uri url urllib urls us usable
usage usages use used user username uses using usual usually utc utf util utility utterance
utterances vad val valid validated validation value valued values var variable variables variant
variants various varnish vector verbose verification verified verify version versions vertex via
video violate violated violates violation violations violence virtual vision vocal voice voices
volume vonage vpc vpn vs waf wait waiting waived want wants warn warning warnings was wasn way we
web webhook website websocket websockets wed wednesday week weekly weeks well were weren west westus
what whatever wheel wheels when whenever where wherever whether which while whisper whitespace
whoever whole whom whose width wildcard wildcards will window windows with within without won word
work worker workload works workspace workspaces would wouldn wrap wrapped wrapping writable write
writing written wrong xml yaml year yearly years yes yesterday yet yield you your yourself zero
zhipu zip zlib zone
"""
_COMMON = frozenset(_COMMON_TEXT.split())

WORDS = frozenset(
    (
        *_COMMON,
        *NAME_WORDS,
        *(word for rule in RULES for phrase in rule.phrases for word in _LETTERS.findall(phrase)),
        *(word for code in KNOWN_CODES for word in _LETTERS.findall(code)),
    )
)
"""All words that are shown, in lower case."""
