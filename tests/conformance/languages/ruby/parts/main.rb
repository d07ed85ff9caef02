require_relative "answer"

puts "parts: #{answer}"
