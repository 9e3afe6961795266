# What reaches agents outside the console: the calendar, the morning's email.
feed = Tasks in your calendar
feed-text = A calendar program – on the phone, at Google, in Outlook – reads your open tasks from a secret address and shows them beside your appointments.
feed-holds = It shows the kind of task, the first name and a link into this console, and nothing else of a person. Whoever has the address sees that without signing in, so treat it like a key. Most programs read it anew every few hours, some once a day.
feed-none = There is no address yet.
feed-make = Make an address
feed-renew = Make a new address
feed-withdraw = Withdraw it
feed-address = Put this address into your calendar program as a calendar to subscribe to. It is shown only now.
feed-open = Open in the calendar program
feed-since = There is an address since { $it }.
feed-read = It was last read { $it }.
feed-unread = No program has read it yet.
notice-feed-withdrawn = The address is withdrawn: nothing reads your tasks any more.
access-feed-made = An address for the calendar was made
access-feed-withdrawn = The address for the calendar was withdrawn

digest = The morning's email
digest-text = At seven in the morning, by your clock, you are told by email what is due today and what is overdue. When there is nothing to do, no email comes.
digest-wanted = I want it
digest-claimed = waits to be sent
digest-sending = is being sent
digest-sent = sent
digest-nothing = nothing was to be done, so none was sent
digest-listed = not sent: your address is on the list
digest-failed = not sent: your mail server refused it
digest-doubt = it may have been sent; the mail server did not say

handover = Hand tasks over
handover-from = From
handover-to = To
handover-reason = Why
handover-contacts = The contacts, too
handover-contacts-text = Tasks to come then go to the other agent as well. Without it, only what is open now goes over.
handover-look = Show the numbers
handover-question = { $tasks ->
    [one] One open task goes from { $from } to { $to }.
   *[other] { $tasks } open tasks go from { $from } to { $to }.
}
handover-with-contacts = Contacts that go along: { $it }
handover-without-contacts = The contacts stay where they are.
handover-undo = To undo it, hand them back the same way: the history names each task.
handover-do = Hand over
handover-cancel = Not now
handover-one = Hand over
handover-agents-missing = Choose an agent.
handover-same-agent = That is the same agent.
handover-reason-missing = Say why.
notice-handed-over = Handed over.
task-was-handed-over = handed over to another agent
contact-change-owner = Give to another agent
contact-change-owner-text = Open tasks about this contact go along.
feed-renew-sure = A new address ends the old one: calendars that read it have to be given the new one. Do that when somebody has seen it.
feed-withdraw-sure = Nothing reads your tasks any more; calendars stay as they last read.
