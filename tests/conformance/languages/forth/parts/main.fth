require ./answer.fth
.( parts: ) answer 0 .r cr bye
