. ./answer.sh
printf 'parts: %s\n' "$answer"
