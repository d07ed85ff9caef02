. ./answer.zsh
printf 'parts: %s\n' "$answer"
