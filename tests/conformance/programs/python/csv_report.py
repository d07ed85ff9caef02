import csv
import io
import sys
from collections import Counter, defaultdict

totals, kinds = defaultdict(float), Counter()
for row in csv.DictReader(sys.stdin):
    totals[row["name"]] += float(row["amount"])
    kinds[row["kind"]] += 1
out = io.StringIO()
writer = csv.writer(out)
writer.writerow(["name", "total"])
writer.writerows(sorted(totals.items()))
sys.stdout.write(out.getvalue())
print(kinds.most_common())
