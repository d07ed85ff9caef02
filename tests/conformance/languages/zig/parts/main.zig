const std = @import("std");
const answer = @import("answer.zig").answer;

pub fn main() !void {
    try std.io.getStdOut().writer().print("parts: {d}\n", .{answer()});
}
