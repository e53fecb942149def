, copy_reminders($4::text::uuid, task)
