"""Holds the style sheet of the page of calls, and the script that moves its play heads."""

STYLE = """
:root { --ink: #1f2430; --soft: #5b6270; --back: #fbfbfd; --card: #fff; --line: #e3e5ea;
  --wave: #3565b8; --error: #b3261e; --sound: #1b6e3c; --close: #5b3cc4; --other: #8a94a6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --soft: #a3a9b6; --back: #15171c;
  --card: #1d2027; --line: #343945; --wave: #7aa7f0; --error: #ff8a80; --sound: #6fd196;
  --close: #b39dff; --other: #8a94a6 } }
* { box-sizing: border-box }
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 1200px;
  padding: 1.2rem 1rem; color: var(--ink); background: var(--back); overflow-wrap: anywhere }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: .9rem 0 .6rem }
main { display: grid; gap: 1.2rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)) }
figure { margin: 1rem 0 } figcaption { color: var(--soft) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 0 1rem 1rem; min-width: 0 }
section.well { border-top: 3px solid var(--sound) }
section.ill { border-top: 3px solid var(--error) }
svg { display: block; width: 100%; height: 110px }
svg path { stroke: var(--wave); vector-effect: non-scaling-stroke }
#clip svg path { stroke: var(--other) }
svg .mark { stroke-width: 2; vector-effect: non-scaling-stroke; stroke: var(--other) }
svg .error { stroke: var(--error) } svg .sound { stroke: var(--sound) }
svg .close { stroke: var(--close) }
.wave { position: relative; border-bottom: 1px solid var(--line); cursor: pointer }
.head { position: absolute; top: 0; left: 0; width: 1px; height: 100%; background: var(--ink) }
audio { width: 100%; margin-top: .5rem }
blockquote { margin: .5rem 0; padding-left: .8rem; border-left: 3px solid var(--sound) }
table { border-collapse: collapse }
td { padding: .1rem .6rem .1rem 0; vertical-align: top }
td.at { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap;
  color: var(--soft) }
td i { display: inline-block; width: .6rem; height: .6rem; border-radius: 50%;
  margin-right: .4rem; background: var(--other) }
td i.error { background: var(--error) } td i.sound { background: var(--sound) }
td i.close { background: var(--close) }
.overview { overflow-x: auto; margin: 1rem 0; overflow-wrap: normal }
.overview td, .overview th { white-space: nowrap }
.overview td:last-child { white-space: normal; min-width: 16rem }
.overview th { text-align: left; padding-right: .8rem; border-bottom: 1px solid var(--line) }
.overview tr.ill td { color: var(--error) }
.overview a { color: inherit }
"""

SCRIPT = """
for (const section of document.querySelectorAll("section")) {
  const audio = section.querySelector("audio"), head = section.querySelector(".head");
  const wave = section.querySelector(".wave"), part = Number(wave.dataset.part);
  const draw = () => {
    head.style.left = 100 * part * audio.currentTime / (audio.duration || 1) + "%";
    if (!audio.paused) requestAnimationFrame(draw);
  };
  audio.addEventListener("play", draw);
  audio.addEventListener("seeked", draw);
  audio.addEventListener("loadedmetadata", () => { section.dataset.duration = audio.duration; });
  wave.addEventListener("click", event => {
    const at = (event.clientX - wave.getBoundingClientRect().left) / wave.clientWidth / part;
    audio.currentTime = Math.min(at, 1) * (audio.duration || 0);
  });
}
"""
