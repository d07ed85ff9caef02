import answer

echo "parts: ", value()
