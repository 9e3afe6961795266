# Unclear answers, people's requests, and what officers and auditors look at.
area-reviews = Reviews
about-area-reviews = Answers nobody could be sure of, and what to make of them.
overdue = Overdue
review = Unclear answer
reviews-none = Nothing waits. An answer that may mean "stop" and may not appears here.
review-nobody = Nobody known
review-arrived = Arrived
review-due = Decide by
review-open = Read and decide
review-from = From
review-by = Came by
review-text = What was written
review-no-text = The text is not on this machine. It is kept where inbound runs, in inbound.replies_dir.
review-decide = Decide
review-decide-help = "Stop" puts the number or mailbox on the list. "Carry on" lets messages go out again.
review-stop = It means stop
review-carry-on = Carry on
review-unsaid = Say why.
review-over = Somebody has decided this already.
notice-review-decided = Decided.
area-requests = People's requests
about-area-requests = What people ask about their own data, and by when it is answered.
requests-none = Nothing waits for an answer.
requests-open = Those that wait
requests-over = Those that are over
request-standing = Standing
standing-in-time = In time
standing-reminded = Soon due
standing-overdue = Overdue
request-last-day = Last day
days-left = { $it ->
    [one] one day left
   *[other] { $it } days left
}
request-kind = Request
request-law = Law
request-received = Received
request-contact = Who asks
request-contact-help = A contact by id, address or name; empty where nobody knows yet.
request-how = How it came
request-how-help = Email, letter, call, form.
request-add = Record a request
request-add-help = The days are worked out from the law and from today.
request-which = Choose what it is.
request-confirm-by = Confirm receipt by
request-steps = What happened
request-no-steps = Nothing yet.
request-step = Note a step
request-note = In words
request-note-help = How, to whom, on what. No address here.
request-told = Of an extension: when the person was told
request-told-help = Today, where nothing is said.
notice-request-noted = Noted.
area-compliance = Compliance
about-area-compliance = How fast opt-outs are, registries, evidence, the audit log.
why = Why was somebody contacted?
why-day = Day
why-day-wrong = That is no day.
why-ask = Tell me why
evidence = Evidence
evidence-whose = Whose
evidence-whose-help = A contact's id, an email address or a phone number, also of somebody who was erased.
evidence-reason = What for
evidence-bundle = Signed bundle
evidence-page = As a page for people
evidence-unsaid = Say whose, and what for.
evidence-no-key = There is no key to sign with. Make one with "touchline evidence key", and set keys.evidence_key_file.
latency = From opt-out to in force
latency-help = The last 30 days: { $count } opt-outs, of { $timed } it is known when they came in.
latency-p50 = Half within
latency-p99 = 99 of 100 within
latency-max = Slowest
latency-over-minute = Over a minute
latency-over-day = Over a day
seconds = { $it } s
registries = Do-not-call registries
registries-help = Calls are held where there is no data of the area code, or the data is too old.
registry = Registry
registry-us-national = United States, national
registry-ae-dncr = United Arab Emirates, DNCR
registry-state = State
registry-none = Never loaded
registry-fresh = Fresh
registry-stale = { $it ->
    [one] one area code is too old
   *[other] { $it } area codes are too old
}
registry-coverage = Coverage
registry-covers = { $areas ->
    [one] one area code
   *[other] { $areas } area codes
}, { $numbers ->
    [one] one number
   *[other] { $numbers } numbers
}
registry-age = Age
days-old = { $it ->
    [one] one day
   *[other] { $it } days
}
registry-loaded = Last loaded
registry-next = Next download
registry-now = now
breakers = Pauses in force
breakers-help = Opened by circuit breakers and by people. An operator lifts them.
breakers-none = Nothing is paused.
audit = Audit log
audit-subject = Whose: an address, @domain or contact's id
audit-since = From (UTC)
audit-until = Up to (UTC)
audit-verify = Check the chain
audit-checking = The chain is being checked.
audit-checked = Checked:
audit-failed = The check could not be ended; ask for another one.
audit-lost = The last check did not end: its process went. Ask for another one.
audit-sound = The chain is whole.
audit-broken = BROKEN:
audit-links = { $it ->
    [one] One link was checked, and the rows it speaks of.
   *[other] { $it } links were checked, and the rows they speak of.
}
audit-head-help = This is the end of the chain. Whoever keeps it elsewhere finds out later if the chain was made anew.
audit-none = Nothing is recorded there.
audit-seq = Link
audit-table = Table
audit-rows = Rows
audit-day-wrong = That is no day.
audit-subject-wrong = That is no address, domain or contact's id.
request-step-sure = Is it right? A step stays on record, and answering or refusing ends the request.
