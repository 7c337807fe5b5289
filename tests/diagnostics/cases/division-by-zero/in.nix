let share = total: count: total / count; in share 10 0
