CREATE TABLE input (line TEXT);
.separator "\001" "\n"
.import /dev/stdin input
SELECT line FROM input ORDER BY rowid;
