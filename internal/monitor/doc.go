// Package monitor follows services and tells what happens in them: what publishers
// and signatories signed, what is hidden or wrong, and what proves that a log
// misbehaved. It takes nobody's word: what it reports of a publication was verified
// as package evidence does, what it reports of a log as package audit does.
//
// A look at a service goes through these steps, in this order:
//
//  1. the newest checkpoint, and the statement that the log has ended, are verified.
//     If the tree is the one that was looked at last, and not long ago, that is all;
//  2. the log is audited from where the last audit ended; every publication is audited;
//  3. every publication that the service lists or the trust file pins is opened. The
//     genesis of one that is new is pinned in the state: it is never another later;
//  4. what is there and was not reported becomes events;
//  5. the new state and the events, for every way out that is configured, are saved
//     in one file, in one step.
//
// Only then is anything told, and each thing that was told is struck off. So if we
// die
//
//   - before step 5 ends, nothing was told and the next look finds the same, with the
//     same identifiers;
//   - after it, the events stand in the file and are told at the next start;
//   - after an event was told and before it was struck off, it is told again: at least
//     once, with the same identifier. Nothing is told twice otherwise.
//
// An event looks like this (docs/formats/monitor.md is normative):
//
//	{"at":"2026-01-02T03:04:05Z","genesis":"sha256:…","id":"sha256:…","issued":…,"log":"sijil.example","log_index":3,…,"type":"version","version":2}
//
// On its first look at a service the monitor reports that it follows it, what is
// wrong, what waits, and the watched names; not the history, unless it is asked to.
//
// A log that is proved to have misbehaved is not believed again: the notes that
// convict it stay in the state, and nothing of it but its misbehaviour is reported.
//
// Clock, waiting, randomness, network and storage are arguments.
package monitor
