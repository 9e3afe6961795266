-- Tasks go from one agent to another: what people did with a task knows one more thing.
ALTER TYPE task_action ADD VALUE 'handed_over';
