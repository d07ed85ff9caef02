import array
import struct
import sys
import zlib

data = sys.stdin.buffer.read()
count = struct.unpack_from("<I", data)[0]
values = array.array("h", data[4 : 4 + 2 * count])
print(count, values.tolist(), zlib.crc32(data), struct.pack(">hI", -2, 7).hex())
sys.stdout.buffer.write(struct.pack("<3d", 1.5, -2.25, 1e300))
