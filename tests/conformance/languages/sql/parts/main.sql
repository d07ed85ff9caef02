.read answer.sql
SELECT 'parts: ' || value FROM answer;
