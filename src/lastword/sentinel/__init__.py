"""A process beside a worker that has the last word for calls whose own process dies or freezes."""
