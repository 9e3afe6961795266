# Plans: the list, the timeline, the editor, enrolling.
area-plans = Plans
about-area-plans = Who is sent what on which day – and enrolling people in it.
plans-empty = There is no plan yet. Take one over from the library below.
plan = Plan
plan-touches = Touches
plan-days = Days
plan-running = Running
plan-yearly = Starts again every year
plan-library = From the library
plan-library-text = Take a plan over as it is, with its templates, or copy it and make it your own.
plan-load = Take over
plan-copy = Copy
plan-not-loaded = This plan of the library does not pass its own check. The log says why.
plan-edit = Edit
plan-steps = Steps
plan-day = Day { $it }
plan-then = On day { $day }: { $it }
plan-old-version = This is an older version. People who began in it stay in it.
plan-to-current = To the newest
count-touches = { $it ->
    [one] one touch
   *[other] { $it } touches
}
count-running = { $it ->
    [0] nobody runs in it
    [one] one person runs in it
   *[other] { $it } people run in it
}
count-people = { $it ->
    [one] one person
   *[other] { $it } people
}
owner-machine = sent by Touchline
owner-agent = a task of the contact's agent
anchor-none = The day
anchor-birthday = the birthday
anchor-spouse-birthday = the spouse's birthday
anchor-closing = the anniversary of the closing
anchor-holiday = the holiday { $it }
step-does-not-count = does not count as a touch
plan-no-steps = The plan has no steps. Add one.
plan-too-many-steps = The plan has { $it } steps; { $most } are possible. Split it and let one follow the other.
plan-does-not-add-up = { $declared } touches are declared, but the steps add up to { $counted }. Correct the number, or which steps count.
plan-day-out-of-range = Step { $step }: the day must be between 1 and { $last }.
plan-out-of-order = Step { $step }: day { $day } comes after day { $before }. Put the steps in the order of their days.
plan-repeated = Step { $step }: { $it } is sent on day { $day } already.
plan-name-missing = The name is missing in { $it }.
plan-purpose-missing = Step { $step }: the purpose is missing in { $it }.
plan-repeats-and-chains = A plan that starts again every year cannot be followed by another one.
plan-chains-too-early = The plan that follows begins on day { $day }, before the last step on day { $last }.
plan-template-missing = Step { $step }: there is no approved template { $it }.
plan-template-medium = Step { $step }: the template { $it } is not for this channel.
plan-template-retired = Step { $step }: the template { $it } is retired, so the step would be blocked.
plan-holiday-unknown = Step { $step }: the calendar has no holiday { $it }.
plan-follower-missing = There is no plan { $it } that could follow.
plan-copy-of = Copy of { $it }
plan-adds-up = The plan adds up: { $it ->
    [one] one touch counts
   *[other] { $it } touches count
}.
plan-key = Key
plan-description = Who it is for
plan-declared = Declared touches
plan-lane = Lane
lane-hi = Fast: somebody waits for an answer
lane-bulk = Normal
plan-follower = Followed by
plan-no-follower = nothing
plan-follower-day = … on day
step-number = Step { $it }
step-day = Day
step-channel = Channel
step-template = Template
step-anchor = Decided by
step-shift = When it is no working day
shift-default = as the channel asks
shift-same = stays
shift-next = the working day after
shift-previous = the working day before
step-at = Time
step-purpose = Purpose
step-counts = Counts as a touch
step-earlier = Earlier
step-later = Later
step-remove = Take out
step-add = Add a step
plan-check = Check
plan-impact = Before you save
plan-keeps = Running enrolments keep version { $version }; { $count } people.
plan-impact-next = Whoever is enrolled from then on gets version { $it }.
plan-impact-new = It is a new plan. Nobody is enrolled in it yet.
plan-save = Save as version { $it }
plan-save-new = Save the plan
plan-key-wrong = The key is made of small letters, digits, hyphens and underscores, and begins with a letter or digit.
plan-key-taken = There is a plan with this key already.
plan-overtaken = Somebody saved another version meanwhile. Open the plan again and make your change there.
plan-not-saved = It cannot be saved like this. What is wrong stands below.
notice-plan-saved = Saved as a new version. Who runs in an older one stays in it.
notice-plan-unchanged = Nothing was changed, so there is no new version.
notice-plan-loaded = The plan and its templates are taken over.
enrol = Enrol
enrol-in = Enrol in { $it }
enrol-whom = Whom
contact-group = Relationship
contact-level = Level
contact-source = Source
contact-kind = Type
any = any
enrol-start = Day 1
enrol-start-text = Left empty: today, by each person's own clock.
enrol-everybody = Everybody, if nothing else is chosen
enrol-look = Look what would follow
enrol-nobody-chosen = Choose whom, or tick that everybody is meant.
enrol-day-wrong = The day is no date.
enrol-would = This would follow
enrol-done = Enrolled
enrol-nobody = All of them are in the plan already, or there are none.
enrol-version = In version { $it }.
enrol-first = Their first touches are due between { $first } and { $last }.
enrol-messages = Touches in all
enrol-then = Afterwards they go on to { $it }.
enrol-gate = Each touch is decided again when it is due: the list, consent, hours and limits may hold or block it.
enrol-confirm = { $it ->
    [one] Enrol one person?
   *[other] Enrol { $it } people?
}
enrol-now = { $it ->
    [one] Enrol one person
   *[other] Enrol { $it } people
}
calendar-of = What { $it } will get
calendar-zone = Times are those of { $it }.
calendar-days = { $it } days
calendar-planned = Planned
calendar-empty = Nothing is coming in this time. Enrol the person in a plan.
calendar-when = When
calendar-not-loaded = { $follower } is to follow { $plan }, but nobody has taken it over from the library.
fate-send = Would leave then
fate-wait = Would wait until { $until }: { $it }
fate-hold = Would be held: { $it }
fate-block = Would be blocked: { $it }
fate-skip = Would be skipped: { $it }
fate-no-template = Would be blocked: its template is missing or retired
contact-coming = What is coming
