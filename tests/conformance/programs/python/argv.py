# berm: args ["one", "two words", "", "--flag=1", "{work}", "né\n"]
import sys

print(len(sys.argv), sys.argv[1:], sys.argv[0].rpartition("/")[2])
