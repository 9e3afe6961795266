-- What the pages of the console look for: names by their beginning, lifts that wait for a second
-- person, and how long opt-outs took.

CREATE INDEX contacts_name_beginning ON contacts (lower(full_name) text_pattern_ops, id);
CREATE INDEX suppression_events_lift_requests ON suppression_events (of_event)
    WHERE action = 'lift_request';
CREATE INDEX suppression_events_opt_outs ON suppression_events (at)
    WHERE action = 'suppress' AND origin = 'recipient';
