read -r n
read -r -a numbers
total=0
for x in "${numbers[@]}"; do total=$((total + x)); done
echo "$total"
