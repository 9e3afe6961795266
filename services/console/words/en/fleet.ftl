# Operations: the fleet, the desk, pauses.
area-fleet = Fleet
about-area-fleet = Who runs, what waits, how fast it goes, and what is stopped.
fleet-no-scheduler = No scheduler is there: nothing that becomes due is handed on. Start one.
fleet-versions = Programs of several versions are running. After a roll-out this passes; if it stays, look which did not stop.
fleet-due = Due, not yet taken
fleet-late = the oldest is { $it } late
fleet-in-hand = In workers’ hands
fleet-expired = { $it } past the lease
fleet-members = Processes
fleet-members-empty = No process of the fleet reports. Start the services; each is here within ten seconds.
fleet-service = Service
fleet-name = Process
fleet-version = Version
fleet-since = Since
fleet-seen = Last seen
fleet-lost = lost
fleet-there = there
fleet-queues = Queues
fleet-queues-empty = Nothing waits in the queues: workers take everything at once.
fleet-queue = Queue
fleet-queue-waiting = Waiting
fleet-queue-unconfirmed = Not confirmed by the broker
fleet-queue-oldest = Oldest
fleet-lane-hi = urgent
fleet-lane-bulk = ordinary
fleet-activity = How fast it goes
fleet-activity-empty = Nothing was attempted within the last day.
fleet-outcome = What attempts led to
fleet-rate = Per minute
fleet-hour = Last hour
fleet-day = Last day
fleet-counted = Counted up to { $it } by the scheduler.
fleet-waiting = Waiting for a person
fleet-waiting-empty = Nothing waits for a person.
fleet-kind = What
fleet-reason = Why
fleet-count = How many
fleet-database = Database and broker
fleet-recovery = is a standby itself
fleet-size = Size
fleet-connections = Connections
fleet-of = { $used } of { $most }
fleet-transaction = Longest open transaction
fleet-standbys = Standbys
fleet-standbys-none = none
fleet-behind = { $it } behind
fleet-migrations = Migrations
fleet-broker = Broker
fleet-broker-ready = ready
fleet-broker-blocked = takes nothing
fleet-broker-down = away
fleet-broker-unseen = nobody who is there tells of it
fleet-broker-seen = { $it ->
    [one] as one process sees it
   *[other] as { $it } processes see it
}
fleet-at = As of { $it }.
ago = { $it } ago
or-more = { $it } or more
megabytes = { $it } MB
span-seconds = { $it } s
span-minutes = { $it ->
    [one] one minute
   *[other] { $it } minutes
}
span-hours = { $it ->
    [one] one hour
   *[other] { $it } hours
}
span-days = { $it ->
    [one] one day
   *[other] { $it } days
}
about-why = Stays in the history. No address and no name of a contact.
why-missing = Say why: it stays in the history.
why-too-long = Say it shorter.

pauses = Pauses
pauses-open = In force
pauses-empty = Nothing is paused: everything that is due goes out. Pause when something is wrong with a channel, a domain or a plan; waiting costs nothing.
pauses-past = Lifted
pauses-past-empty = No pause has been lifted yet.
pause-breaker = a circuit breaker
pause-lift = Lift
pause-lift-why = Why it may go on
pause-new = Pause sending
pause-new-text = What is on its way to a relay or gateway at this moment is finished; nothing else begins.
pause-what = What
pause-opened = Since
pause-lifted = Lifted
pause-open = Pause
pause-sure = Stop sending? Everything covered waits until somebody lifts it.
pause-scope-missing = Choose what is to be paused.
pause-key-missing = Say which one: a channel, a domain of ours, a plan there is, or the name of an import.
pause-there = That is paused already; it stands under “In force”.
about-pause-everything = Every touch on every channel.
about-pause-channel = All touches that go by one channel.
about-pause-sender-domain = Emails from one domain of ours: palm.example
about-pause-plan = All touches of one plan.
about-pause-import = Contacts from one source, as their import called it.
notice-paused = Paused. What is covered waits until somebody lifts it.
notice-pause-lifted = Lifted. What waited leaves within ten minutes.
notice-pause-lifted-before = Somebody had lifted it already.

desk = Waiting for a person
desk-empty = Nothing waits. What fails for good, is held or may have arrived without a word stands here by cause, to be put right and tried anew.
desk-all = Everything that waits
desk-where = Where
desk-first = Since
desk-examples = Examples
desk-one-by-one = One by one
desk-decisions = Decided lately
desk-decisions-empty = Nobody has decided anything yet.
desk-decision = What
desk-by = By
desk-touches-empty = Nothing waits for this cause any more.
desk-touch = Touch
desk-chosen = Choose
desk-choose = Choose touch { $it }
desk-since = Waits since
desk-step = step { $it }
desk-attempts = { $it ->
    [one] one attempt
   *[other] { $it } attempts
}
desk-doubt = An attempt may have arrived.
desk-decide = Decide
desk-which = About which
desk-which-chosen = Those chosen above
desk-which-all = All of this cause
desk-what = What becomes of them
desk-what-missing = Choose what becomes of them.
desk-none-chosen = Choose at least one touch, or all of this cause.
desk-none-waits = Nothing of that waits for such a decision, or not any more.
desk-next = Show how many
desk-older = Older
desk-sure = Is that right?
desk-count = { $it ->
    [one] one touch
   *[other] { $it } touches
}
desk-at-once = At once, the { $it } that wait longest; the others afterwards.
desk-twice = { $it ->
    [one] One of them may have arrived already: that person may get it twice.
   *[other] { $it } of them may have arrived already: those people may get it twice.
}
desk-do = Do it
desk-back = Back
desk-done = { $it ->
    [0] none was changed
    [one] one touch
   *[other] { $it } touches
}
desk-left = { $it ->
    [one] One was left as it is
   *[other] { $it } were left as they are
}
about-resolution-resume = Due at once, through the list and the gate again, under the same Message-ID.
about-resolution-confirm = You know that it arrived: it counts as sent.
about-resolution-cancel = It is not to go out any more.
about-resolution-replay = Due at once as a new attempt, through the list and the gate again.
about-resolution-dismiss = It stays failed, and leaves this desk.
your-why = Why

today-tasks = Tasks due today
today-late = Touches that are late
today-unknown = Touches in doubt
today-failed = Touches that failed
today-pauses = Pauses in force
today-reviews = Unclear answers
today-lifts = Lifts waiting for a second person
today-requests = Open requests of people
today-drafts = Drafts of templates
today-calm = Nothing waits for you.
today-everything = Where to go
pause-waiting = { $it ->
    [0] No touch waits for it now.
    [one] One touch waits for it.
   *[other] { $it } touches wait for it.
}
pause-waiting-many = { $it } touches or more wait for it.
pause-lift-sure = What waits leaves within ten minutes and cannot be called back.
