# The agents' tasks.
area-tasks = Tasks
about-area-tasks = What is to be done today, the next best first.
tasks-overdue = { $it ->
    [0] nothing overdue
   *[other] { $it } overdue
}
tasks-today = { $it ->
    [0] nothing more for today
   *[other] { $it } for today
}
tasks-done = { $it } done today
tasks-whose = Whose tasks
tasks-everybody = Everybody
tasks-show = Show
tasks-then = Then
tasks-further = Further tasks
tasks-more = Further tasks
tasks-later = Put off or due later: { $it }
tasks-none = Nothing is to be done
tasks-none-text = Calls, letters and visits of the plans come here on their day. Enjoy the quiet, or call somebody you like.
tasks-no-agent = Your user is no agent, so no tasks are yours. An administrator can add you under the email address of an agent.
task-since = since { $it }
task-due = due { $it }
task-level = Level { $it }
task-undo = Take back
task-in-flight = This one was already being handed over
task-call-now = You may call now.
task-call-not-now = Do not call now. It is outside these hours:
task-call-from = Call from { $it }.
task-local-time = There it is
task-zone-unknown = unknown: no time zone is known
task-number-problem = The number cannot be used: { $it }
task-blocked = Do not contact: { $reason }, since { $since }. The list closes this task by itself.
task-ended = { $how } · { $when }
task-script = What to say
task-note = Note (not needed)
task-later = Not now? It comes again:
task-tomorrow = Tomorrow
task-three-days = In three days
task-next-week = On Monday
task-notes = About the person
task-earlier = What happened before
task-earlier-none = This is the first contact.
task-refused-text = It puts the person on the list at once, and only an officer can take that back.
task-outcome-wrong = This task cannot end that way.
call-ended-answered = Reached
call-ended-voicemail = Voicemail
call-ended-unanswered = No answer
call-ended-appointment = Appointment
call-ended-wrong-number = Wrong number
call-ended-refused = Do not call
call-ended-done = Done
errand-ended-answered = Reached
errand-ended-voicemail = Voicemail
errand-ended-unanswered = Could not be done
errand-ended-appointment = Appointment
errand-ended-wrong-number = Wrong number
errand-ended-refused = Do not contact
errand-ended-done = Done
task-was-snoozed = put off until { $it }
task-was-undone = taken back
task-was-dropped = closed by the list
task-was-done = done
answer-open = Answer that nobody has read yet
answer-stop = Answer, read as a stop
answer-carry-on = Answer, read as no stop
notice-task-done = Noted.
notice-task-snoozed = Put off.
notice-task-undone = Taken back: the task is here again.
notice-task-too-late = That can no longer be taken back.
notice-task-was-closed = That task was closed already. Nothing was changed.
notice-task-on-list-clear = On the list. Clear: nothing to this address is under way, and nothing starts any more.
notice-task-on-list-in-flight = On the list. Nothing new starts, but something was already being handed over:
