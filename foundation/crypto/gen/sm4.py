SM4=bytes.fromhex("d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d351e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b518d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec68418f07dec3adc4d2079ee5f3ed7cb3948")
def mul(a,b,p):
    r=0
    while b:
        if b&1: r^=a
        a<<=1
        if a&256: a^=p
        b>>=1
    return r
def inv(a,p):
    if a==0: return 0
    r=1
    for _ in range(254): r=mul(r,a,p)
    return r
AES=0x11b; P4=0x1f5
# AES sbox
def aes(x):
    i=inv(x,AES); r=0
    for b in range(8):
        r|=((i>>b ^ i>>((b+4)%8) ^ i>>((b+5)%8)^ i>>((b+6)%8)^ i>>((b+7)%8))&1)<<b
    return r^0x63
AS=[aes(x) for x in range(256)]; assert AS[0x53]==0xed
def lin(f): return [f(1<<i) for i in range(8)]
def app(m,x):
    r=0
    for i in range(8):
        if x>>i&1: r^=m[i]
    return r
def minv(m):
    t={app(m,x):x for x in range(256)}; assert len(t)==256
    return [t[1<<i] for i in range(8)]
def comp(a,b): return [app(a,b[i]) for i in range(8)]
inv4=[inv(x,P4) for x in range(256)]
inva=[inv(x,AES) for x in range(256)]
M=lin(lambda x: aes_lin(x)) if 0 else [ (AS[inva[1<<i]]^0x63) for i in range(8)]
for x in range(256): assert app(M,inva[x])^0x63==AS[x]
# affine A: circulant from byte
def circ(byte,rev):
    cols=[]
    for i in range(8):
        r=0
        for row in range(8):
            rowbits=((byte<<row)|(byte>>(8-row)))&255 if rev else ((byte>>row)|(byte<<(8-row)))&255
            if rowbits>>i&1: r|=1<<row
        cols.append(r)
    return cols
found=None
for byte in range(256):
  for rev in (0,1):
    A=circ(byte,rev)
    if len({app(A,x) for x in range(256)})<256: continue
    for c in (0xd3,0xcb):
      if all(app(A,inv4[app(A,x)^c])^c==SM4[x] for x in range(0,256,17)) and all(app(A,inv4[app(A,x)^c])^c==SM4[x] for x in range(256)): found=(byte,rev,c,A)
print(found)
byte,rev,c,A=found
# iso P4->AES: root of P4 poly in AES field
for g in range(2,256):
    # evaluate poly 0x1f5 at g in AES
    v=0;pw=1
    for i in range(9):
        if P4>>i&1: v^=pw
        pw=mul(pw,g,AES)
    if v==0:
        pw=1;P=[]
        for i in range(8): P.append(pw); pw=mul(pw,g,AES)
        Pi=minv(P)
        assert all(app(Pi,inva[app(P,x)])==inv4[x] for x in range(256))
        pre=comp(P,A); prec=app(P,c)
        post=comp(comp(A,Pi),minv(M)); postc=app(post,0x63)^c
        assert all(app(post,AS[app(pre,x)^prec])^postc==SM4[x] for x in range(256))
        lo=lambda m,k:[app(m,i)^k for i in range(16)]; hi=lambda m:[app(m,i<<4) for i in range(16)]
        print("PRE_LO",[hex(v) for v in lo(pre,prec)]); print("PRE_HI",[hex(v) for v in hi(pre)])
        print("POST_LO",[hex(v) for v in lo(post,postc)]); print("POST_HI",[hex(v) for v in hi(post)])
        # GFNI: affine qword: row for output bit i is byte (7-i); affineinv in AES field: out = A2*inv(x)+b ; want x'=pre(x); out = postG * inv_aes(x') + c with postG=A*Pi
        def q(m):
            r=0
            for i in range(8):
                row=0
                for j in range(8):
                    if m[j]>>i&1: row|=1<<j
                r|=row<<(8*(7-i))
            return r
        pg=comp(A,Pi)
        print("GF_PRE",hex(q(pre)),hex(prec),"GF_POST",hex(q(pg)),hex(c))
        break
