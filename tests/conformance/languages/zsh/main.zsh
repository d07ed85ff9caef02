mode=${1-hello}
[ $# -gt 0 ] && shift
case $mode in
hello) echo 'Hello, world!' ;;
echo) while IFS= read -r line; do printf '%s\n' "$line"; done ;;
args) for word; do printf '%s\n' "$word"; done ;;
exit) exit 7 ;;
crash) echo $((1 / 0)) ;;
spin) while :; do :; done ;;
fill)
    text=xxxxxxxxxxxxxxxxxxxx
    while :; do text+=$text; done
    ;;
read) while IFS= read -r line; do printf '%s\n' "$line"; done <"$1" ;;
esac
