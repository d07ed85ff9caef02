tr -cd "$1" < text.txt | wc -c | tr -d ' '
