"""The whole story in one call: from customers to thresholds, round after round.

Every quarter a firm warns, calls, loses, wins back and counts what it got; then it sets its
thresholds anew. `close_the_loop` plays this on a simulated operator, whose potential outcomes say
what every decision truly brought; `compare_loops` asks over several operators whether learning
beats a rule that is set once.
"""

from crmlib.chain.beliefs import Beliefs
from crmlib.chain.loop import Loop, close_the_loop
from crmlib.chain.replay import Response, Round, offer_terms, replay
from crmlib.chain.versus import LoopComparison, compare_loops

__all__ = [
    "Beliefs",
    "Loop",
    "LoopComparison",
    "Response",
    "Round",
    "close_the_loop",
    "compare_loops",
    "offer_terms",
    "replay",
]
