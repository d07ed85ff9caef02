require "./answer"

puts "parts: #{answer}"
