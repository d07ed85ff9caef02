import calendar
import datetime
import sys

for line in sys.stdin:
    day = datetime.date.fromisoformat(line.strip())
    print(day.strftime("%A %d %B %Y"), day.isocalendar()[1], day + datetime.timedelta(days=100), calendar.isleap(day.year))
print(calendar.month(2024, 2))
print(datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc).isoformat())
