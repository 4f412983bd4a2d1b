"""Labelled cases, run one after another on a network of known state, and a score that cannot flatter.

case     one case: a network, its faults, the alert, what is right
reading  case files, strict: file, line, what was expected
suites   the cases that come along
score    reports against labels: pure
alerts   the alert's body as the monitoring system would send it now
incident one case's incidents, followed over the API
ground   where faults are real: what a network must be able to do; ``simulated`` and ``laboratory`` are such
run      case after case
kept     what a run leaves behind, and two runs side by side
"""
