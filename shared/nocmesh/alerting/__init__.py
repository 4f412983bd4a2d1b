"""Alerts, from a monitoring system's own words to the incident that they belong to: pure, no connection.

fields         reading foreign JSON: each error names the field and what was expected
normalise      what all sources share: severity, device, fingerprint, times
alertmanager   one source a file: its body in, alerts out
snmp           another: traps as the SNMP bridge decoded them
traps          what standard traps mean; data
sources        which source has which parser
episodes       openings, repeats and resolutions of one alert
correlate      which open incident an alert belongs to

It lies in shared/ because two rooms need it: the alerts bridge checks a body before it takes it, and the incidents
role parses the raw body again, since a publisher may have put it on the bus without the bridge.
"""
