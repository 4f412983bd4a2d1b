"""What an agent is made of. Ten lines make one: a type, its capabilities, and ``work``.

base       the agent: takes tasks of its type, answers each
presence   card, register, heartbeats, farewell
session    its journal: thought, action, observation, report
memory     what an earlier session saw a moment ago
toolbox    calling tools
loop       reason, act, observe, until the reasoner is done
reasoner   what a reasoner is
"""

from nocmesh.agent.base import Agent, role_of
from nocmesh.agent.reasoner import Act, Case, Finish, HandOff, Move, Reasoner, RulesReasoner

__all__ = ["Act", "Agent", "Case", "Finish", "HandOff", "Move", "Reasoner", "RulesReasoner", "role_of"]
