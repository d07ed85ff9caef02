#import <objc/Object.h>

@interface Answer : Object
+ (int)value;
@end
