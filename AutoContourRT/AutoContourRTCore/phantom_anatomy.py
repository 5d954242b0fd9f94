"""The phantom's patient: which solids, of what CT number, in which order.

Origin: middle of the foramen magnum; x to the patient's left, y to the back, z to the head (LPS,
mm), head first supine. Sizes, places and HU follow adult planning CTs of the head and neck.
"""

from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np

from AutoContourRTCore.phantom_shapes import (
    Above,
    Ellipsoid,
    Joined,
    Mirrored,
    Ribbon,
    Solid,
    Stack,
    Tube,
)

#: CT number and solid; a later part covers an earlier one.
Part = Tuple[float, Solid]

AIR, LUNG, FAT, CSF, GLAND, BRAIN, MUSCLE = -1000.0, -820.0, -95.0, 8.0, -15.0, 36.0, 58.0
VESSEL, MARROW, BONE, TOOTH = 130.0, 320.0, 950.0, 1800.0

#: Middle of the spinal canal: rows of z, y; it leaves the skull at the origin.
SPINE = ((-200, 57), (-165, 43), (-140, 31), (-110, 17), (-80, 7), (-40, 2), (0, 0), (10, -1))
#: Vertebrae C1 to T5: middle of the body along z.
VERTEBRAE = (-10, -25, -41, -57, -73, -89, -106, -124, -143, -163, -184)
#: Floor of the cerebrum: rows of y, z.
CEREBRUM_FLOOR = ((-120, 60), (-95, 58), (-60, 51), (-44, 40), (80, 30))

CRANIUM = Ellipsoid((0, -12, 52), (77, 101, 84))
HEAD = Stack((
    (75, 0, -20, 66, 84, 90, 2.2, 2.2), (40, 0, -20, 75, 97, 106, 2.3, 2.2),
    (20, 0, -20, 75, 99, 100, 2.2, 2.2), (0, 0, -20, 75, 106, 88, 2.0, 2.3),
    (-20, 0, -20, 74, 110, 84, 1.8, 2.5), (-40, 0, -15, 69, 110, 78, 1.7, 2.6),
    (-54, 0, -10, 65, 112, 76, 1.6, 2.6), (-64, 0, -5, 61, 98, 72, 1.5, 2.5),
    (-76, 0, 0, 60, 70, 69, 1.7, 2.4), (-95, 0, 8, 64, 73, 68, 1.9, 2.3),
    (-115, 0, 16, 72, 76, 72, 2.0, 2.2), (-150, 0, 24, 90, 80, 78, 2.0, 2.2),
))
SHOULDERS = Stack((
    (-90, 0, 42, 40, 26, 32, 2.0, 2.0), (-103, 0, 45, 88, 42, 42, 2.1, 2.1),
    (-115, 0, 45, 134, 54, 50, 2.2, 2.2), (-128, 0, 43, 172, 70, 62, 2.4, 2.4),
    (-142, 0, 39, 200, 84, 74, 2.6, 2.6), (-160, 0, 34, 216, 95, 86, 2.8, 2.8),
    (-200, 0, 30, 229, 108, 96, 3.0, 3.0),
))
BRAINSTEM = Stack((
    (0, 0, 0, 6, 6, 6, 2, 2), (10, 0, -3, 7, 6.5, 6.5, 2, 2), (20, 0, -7, 9, 8, 8, 2, 2),
    (27, 0, -11, 14, 12, 10, 2, 2), (35, 0, -13, 16.5, 13, 12, 2, 2.4),
    (44, 0, -13, 15.5, 12, 11.5, 2, 2.4), (52, 0, -12, 14, 9, 11, 2, 2.2),
    (58, 0, -11, 14.5, 6, 10, 2, 2.2),
))
LARYNX = Stack((
    (-110, 0, -34, 13.5, 15, 11, 1.8, 2.4), (-100, 0, -34, 15.5, 17, 11.5, 1.6, 2.6),
    (-88, 0, -34, 16.5, 19.5, 11.5, 1.5, 2.8), (-77, 0, -35, 16.5, 18, 11, 1.6, 2.8),
))
PHARYNX = Stack((
    (10, 0, -46, 11, 12, 9, 2, 2.5), (-4, 0, -42, 12, 9, 6, 2, 3), (-18, 0, -38, 11, 3.5, 4, 2, 3),
    (-34, 0, -37, 12, 5, 4.5, 2, 3), (-56, 0, -36, 15, 7, 4.5, 2, 3),
    (-70, 0, -35, 15, 8, 4.5, 2, 3), (-80, 0, -36, 7, 9, 5, 2, 2),
))
AIRWAY = Stack((
    (-78, 0, -36, 6, 10, 6, 1.6, 2), (-90, 0, -36, 2.5, 12, 8, 1.5, 2),
    (-98, 0, -35, 6, 11, 8, 1.6, 2), (-112, 0, -33, 8, 9, 8, 2, 2),
))
JAW = Ribbon((
    (-48, -50, -28, 5.0, 11), (-42, -72, -34, 5.3, 12.5), (-32, -93, -37, 5.3, 13),
    (-18, -107, -38, 5.3, 13.5), (0, -112, -38, 6.0, 14), (18, -107, -38, 5.3, 13.5),
    (32, -93, -37, 5.3, 13), (42, -72, -34, 5.3, 12.5), (48, -50, -28, 5.0, 11),
))
RAMUS = Joined((
    Ribbon(((47, -63, -9, 3.6, 21), (50, -42, -5, 4.0, 22))),
    Tube(((50, -43, 4, 4.5), (51, -41, 11, 5.5))), Tube(((47, -60, 6, 4.0), (47, -61, 17, 3.0))),
))
NECK = Stack(tuple(row for row in HEAD.rows if row[0] <= 0))
PAROTID = Joined((Ellipsoid((60, -23, -8), (11, 16.5, 28)), Ellipsoid((51, -19, -6), (12, 8, 19))))
EYE = Ellipsoid((32, -94, 40), (12.2, 12.2, 12.2))


def canal_y(z: float) -> float:
    """Place of the middle of the spinal canal along y (mm) at height z."""
    rows = np.asarray(SPINE, dtype=float).T
    return float(np.interp(z, rows[0], rows[1]))


def _along_spine(top: float, bottom: float, dx: float, dy: float, *outline: float) -> Stack:
    """A column parallel to the spine, with the same outline at every height."""
    levels = sorted({top, bottom, *(z for z, _ in SPINE if bottom < z < top)})
    return Stack(tuple((z, dx, canal_y(z) + dy, *outline) for z in levels))


CORD = _along_spine(-0.5, -192, 0, 0, 6.6, 4.8, 4.8, 2, 2)
TEMPORAL = Ellipsoid((36, -34, 39), (20, 33, 20), 2.2)
#: Cerebrum, temporal lobes, posterior fossa, and the middle with brainstem and cisterns.
SKULL_CAVITY = Joined((
    Above(CRANIUM.inset(13), CEREBRUM_FLOOR), TEMPORAL, Mirrored(TEMPORAL),
    Ellipsoid((0, 26, 22), (54, 41, 26), 2.2), Ellipsoid((0, -8, 32), (22, 24, 33)),
))


def _oesophagus() -> Stack:
    rows = [(z, 3.0, canal_y(z) - 33 - (2 if z < -130 else 0), 8.5, 5.6, 5.6, 2.0, 2.0)
            for z in (-112, -125, -140, -165, -193)]
    return Stack(tuple(rows))


OESOPHAGUS = _oesophagus()


def truth() -> Dict[str, Solid]:
    """The structures by TG-263 name. Brain excludes the brainstem; Larynx includes its airway."""
    return {
        "Brainstem": BRAINSTEM,
        "SpinalCord": CORD,
        "Parotid_L": PAROTID,
        "Parotid_R": Mirrored(PAROTID),
        "Bone_Mandible": Joined((JAW, RAMUS, Mirrored(RAMUS))),
        "Larynx": LARYNX,
        "Esophagus": OESOPHAGUS,
        "Brain": SKULL_CAVITY,
        "Eye_L": EYE,
        "Eye_R": Mirrored(EYE),
    }


def body() -> Solid:
    """Everything inside the skin, airways and lungs included."""
    nose = Tube(((0, -112, 46, 7), (0, -122, 30, 10), (0, -130, 17, 12)))
    ear = Ellipsoid((79, 2, 12), (6, 12, 28))
    return Joined((CRANIUM, HEAD, SHOULDERS, nose, ear, Mirrored(ear)))


def parts() -> List[Part]:
    """All parts in the order to paint them over air; the first is the body, which bounds them."""
    return [
        (20.0, body()), *_fat_and_muscle(), *_both_sides(_neck_soft_tissue()),
        *_thorax(), *_both_sides(_shoulder_bones()), *_spine(), *_skull(), *_both_sides(_face()),
        *_mouth(), *_airways(),
    ]


def _both_sides(left: List[Part]) -> List[Part]:
    return [part for hu, s in left for part in ((hu, s), (hu, Mirrored(s)))]


def _fat_and_muscle() -> List[Part]:
    return [
        (FAT, CRANIUM.inset(2)), (FAT, HEAD.inset(2.5)), (FAT, SHOULDERS.inset(2.5)),
        (MUSCLE, SHOULDERS.inset(13)), (MUSCLE - 10, NECK.inset(9)),
    ]


def _in_fat(hu: float, solid: Solid, mm: float = 1.6) -> List[Part]:
    """A part in a thin sheath of fat, as muscles and vessels lie in the neck."""
    return [(FAT, solid.inset(-mm)), (hu, solid)]


def _neck_soft_tissue() -> List[Part]:
    """Left half: muscles, vessels, glands and the fat between them."""
    muscles: List[Solid] = [
        _along_spine(-6, -125, 20, 35, 18, 21, 22, 2.2, 2.2),
        _along_spine(-20, -125, 42, 22, 10, 18, 22, 2, 2),
        _along_spine(-30, -150, 28, -4, 12, 14, 13, 2.2, 2.2),
        _along_spine(0, -150, 9, -29, 9, 5, 8, 2.2, 2.2),
        Tube(((58, 10, -2, 9), (54, 2, -40, 10), (45, -14, -80, 10), (28, -34, -125, 8),
              (16, -48, -165, 6))),
        Tube(((10, -52, -72, 4), (11, -54, -110, 4.5), (12, -52, -160, 4.5))),
        Ellipsoid((34, -50, -6), (8.5, 15, 21)), Ellipsoid((57.5, -58, -10), (7.5, 19, 28), 2.4),
        Ellipsoid((62, -50, 42), (7, 26, 26)), Tube(((36, -20, 2, 5), (40, -24, -24, 5.5),
                                                     (30, -44, -60, 4))),
    ]
    carotid = Tube(((22, -15, -192, 5), (22, -18, -150, 4.5), (23, -22, -110, 3.8),
                    (26, -24, -62, 4.2), (25, -22, -8, 2.8)))
    jugular = Tube(((36, -14, -150, 6.5), (36, -16, -110, 6.5), (36, -16, -55, 5.5),
                    (32, -15, -6, 4)))
    spaces = [Ellipsoid((58, -8, -128), (34, 26, 17)), Ellipsoid((100, 5, -172), (26, 30, 32)),
              Ellipsoid((0, -10, -150), (58, 36, 30)), Ellipsoid((34, -22, -85), (13, 16, 45)),
              Ellipsoid((50, 14, -75), (7, 18, 42)), Ellipsoid((52, -62, -14), (12, 27, 27))]
    return [
        *((FAT, solid) for solid in spaces), *(p for m in muscles for p in _in_fat(MUSCLE, m)),
        *_in_fat(45.0, Ellipsoid((37, -53, -47), (9, 14, 12))),
        *_in_fat(VESSEL, carotid), *_in_fat(VESSEL - 15, jugular),
        *_in_fat(VESSEL + 10, Ellipsoid((16, -30, -118), (8, 9, 19))),
        *_in_fat(GLAND, PAROTID), (90.0, Tube(((59, -18, -30, 2), (59, -18, 12, 1.5)))),
    ]


def _thorax() -> List[Part]:
    lungs = _both_sides([(LUNG, Ellipsoid((55, 25, -205), (37, 42, 56)))])
    great = [(VESSEL, Ellipsoid((0, -24, -205), (30, 18, 18)))]
    ribs: List[Part] = []
    for n, z in enumerate((-150, -172)):
        wide = 62.0 + 20 * n
        arc = Tube(((24, canal_y(z) - 6, z, 5), (wide, 45, z - 6, 5), (wide + 8, 10, z - 16, 5),
                    (wide - 22, -30, z - 24, 5), (24, -48, z - 30, 5)))
        ribs += [(BONE - 300, arc), (MARROW - 100, arc.inset(2))]
    sternum: Part = (MARROW, Ellipsoid((0, -56, -187), (24, 7, 17), 2.5))
    return [*great, *lungs, *_both_sides(ribs), sternum]


def _shoulder_bones() -> List[Part]:
    humerus = Ellipsoid((176, 34, -158), (23, 24, 24))
    shaft = Tube(((184, 32, -170, 16), (190, 30, -205, 12)))
    clavicle = Tube(((16, -50, -164, 7), (50, -44, -152, 6), (95, -22, -138, 6),
                     (150, 14, -128, 6.5)))
    blade = Ribbon(((152, 40, -158, 7, 16), (120, 66, -165, 4, 26), (82, 92, -172, 3, 32)))
    spine = Tube(((88, 92, -150, 5), (140, 72, -136, 6), (164, 36, -129, 7)))
    return [(hu, s) for solid in (humerus, shaft, clavicle, blade, spine)
            for hu, s in ((BONE - 150, solid), (MARROW - 60, solid.inset(3)))]


def _spine() -> List[Part]:
    """Discs, vertebrae with arch and processes, canal, cord, and the prevertebral oesophagus."""
    result: List[Part] = [(95.0, _along_spine(-22, -198, 0, -17.5, 12, 8, 8, 2.2, 2.6))]
    for n, z in enumerate(VERTEBRAE):
        result += _vertebra(n + 1, float(z))
    dens = Tube(((0, -12, -18, 5), (0, -12, -1, 4)))
    return [*result, (BONE, dens), (CSF + 6, _along_spine(0, -198, 0, 0, 11, 8, 8, 2.4, 1.8)),
            (40.0, CORD), (38.0, OESOPHAGUS), (-500.0, OESOPHAGUS.inset(4.6))]


def _vertebra(number: int, z: float) -> List[Part]:
    """One vertebra: C1 is 1, T1 is 8."""
    y, thoracic = canal_y(z), number > 7
    wide, deep, tall = (15.0, 11.0, 7.6) if thoracic else (13.0, 8.5, 6.2)
    ring = Ellipsoid((0, y + 1, z - 2), (18, 15, 5.5), 2.4)
    wing = 30.0 if thoracic else (36.0 if number == 1 else 25.0)
    sides = Ribbon(((-wing, y + (12 if thoracic else 0), z, 4.5, 4.5), (0, y - 2, z, 5, 5),
                    (wing, y + (12 if thoracic else 0), z, 4.5, 4.5)))
    facets = [Ellipsoid((side * 19, y + 1, z), (8, 8, 6.5)) for side in (-1, 1)]
    length = (6, 22, 24, 26, 30, 36, 46, 46, 44, 42, 40)[number - 1]
    process = Tube(((0, y + 13, z - 3, 4.0), (0, y + length, z - 3 - length / 4, 3.5)))
    solids: List[Solid] = [ring, sides, *facets, process]
    result: List[Part] = [(BONE - 350, solid) for solid in solids]
    if number == 1:
        return [*result, (BONE - 100, Tube(((-14, -16, z, 4), (0, -21, z, 4), (14, -16, z, 4))))]
    block = Ellipsoid((0, y - 8.5 - deep, z), (wide, deep, tall), 3.0)
    return [*result, (BONE - 200, block), (MARROW + 40, block.inset(2))]


def _skull() -> List[Part]:
    ventricle: List[Part] = [(CSF, Tube(((9, -52, 72, 3), (11, -15, 78, 6), (16, 22, 70, 6))))]
    return [
        (BONE + 100, SKULL_CAVITY.inset(-7)), (MARROW + 250, SKULL_CAVITY.inset(-5)),
        (BONE + 150, SKULL_CAVITY.inset(-2.5)), (CSF, SKULL_CAVITY), (BRAIN, SKULL_CAVITY.inset(2)),
        (65.0, Above(Ellipsoid((0, -8, 78), (1.3, 84, 50)), ((-90, 62), (0, 62), (60, 30)))),
        *_both_sides(ventricle),
        (MARROW + 150, Tube(((0, -24, -2, 5), (0, -33, 14, 7), (0, -42, 30, 8)))),
        *_both_sides([
            (BONE, Tube(((17, -24, 14, 6), (36, -8, 14, 8), (58, 6, 10, 11)))),
            (BONE - 200, Tube(((60, 8, 8, 9), (57, 6, -12, 7)))),
            (-500.0, Tube(((57, 9, 14, 6), (58, 7, -4, 4)))),
            (AIR, Tube(((76, -2, 12, 3), (46, -4, 13, 3)))),
            (BONE - 150, Ellipsoid((17, -2, -5), (6, 11, 5))),
        ]),
        (CSF, Stack(((-8, 0, 0, 14, 12, 13, 2, 2), (4, 0, 0, 15, 13, 16, 2, 2)))),
        (CSF, BRAINSTEM.inset(-3.5)), (33.0, BRAINSTEM), (40.0, CORD),
    ]


def _face() -> List[Part]:
    """Left half: orbit and eye, cheek bone, maxillary sinus, nasal passage."""
    orbit = Ellipsoid((31, -84, 40), (19, 27, 18))
    sinus = Ellipsoid((30, -80, 14), (14, 17, 17), 2.4)
    cheek = Tube(((45, -89, 26, 6), (58, -74, 20, 6), (65, -55, 18, 3.5), (66, -26, 18, 3.5)))
    brow = Tube(((8, -104, 58, 5), (34, -97, 58, 4), (52, -82, 50, 4), (51, -82, 32, 4)))
    plate = Ribbon(((22, -56, 2, 2.5, 16), (16, -46, 2, 2.5, 16)))
    return [
        (BONE - 200, brow), (BONE - 250, cheek), (BONE - 450, orbit.inset(-2.2)),
        (FAT + 15, orbit), (MUSCLE, Tube(((42, -98, 40, 2), (22, -62, 38, 2.5)))),
        (MUSCLE, Tube(((22, -98, 40, 2), (16, -62, 38, 2.5)))),
        (40.0, Tube(((32, -84, 40, 2.4), (14, -56, 38, 2.4)))), (12.0, EYE),
        (85.0, Ellipsoid((32, -103, 40), (4.6, 2.3, 4.6))),
        (BONE - 350, sinus.inset(-2.5)), (AIR, sinus), (BONE - 300, plate),
    ]


def _mouth() -> List[Part]:
    lower = Ribbon(tuple((x * 0.97, y + 1, -20, 4.3, 5.5) for x, y, *_ in JAW.points[1:-1]))
    upper = Ribbon(tuple((x * 0.93, y - 1 if abs(x) < 40 else y, -10.5, 4.5, 4.5)
                         for x, y, *_ in JAW.points[1:-1]))
    maxilla = Ribbon(tuple((x * 0.90, y, -3, 6, 6) for x, y, *_ in JAW.points[1:-1]))
    hyoid = Ribbon(((-20, -40, -64, 2.2, 3), (-13, -55, -66, 2.5, 4), (0, -60, -67, 3, 5),
                    (13, -55, -66, 2.5, 4), (20, -40, -64, 2.2, 3)))
    tongue = [Ellipsoid((0, -76, -27), (24, 28, 19), 2.3), Ellipsoid((0, -70, -50), (23, 30, 11))]
    return [
        *((MUSCLE, solid) for solid in tongue), (MUSCLE, PHARYNX.inset(-5)),
        (BONE - 350, Ellipsoid((0, -82, -2), (25, 32, 4), 3.0)), (BONE - 200, maxilla),
        (TOOTH, lower), (TOOTH, upper), (BONE + 150, JAW), (MARROW + 150, JAW.inset(2.6)),
        *_both_sides([(BONE + 50, RAMUS)]), (BONE - 350, hyoid),
        (FAT, Ellipsoid((0, -48, -74), (8, 6, 6))),
    ]


def _airways() -> List[Part]:
    plates = Ribbon(((-15, -31, -90, 1.8, 9), (-9, -43, -90, 1.8, 10), (0, -51, -88, 2, 8),
                     (9, -43, -90, 1.8, 10), (15, -31, -90, 1.8, 9)))
    cricoid = Stack(((-109, 0, -33, 11.5, 12, 11, 2, 2), (-102, 0, -34, 11.5, 9, 11, 2, 2)))
    ethmoid = Ellipsoid((0, -76, 36), (11, 22, 14))
    nose = Joined((Ellipsoid((0, -92, 16), (13, 36, 18), 2.4), ethmoid))
    trachea = Tube(((0, -33, -112, 8), (0, -22, -140, 8.5), (1, -8, -165, 9), (1, 8, -205, 9)))
    septum = Ellipsoid((0, -88, 24), (1.4, 36, 26), 4.0)
    concha: List[Part] = [(MUSCLE, Ellipsoid((8, -88, z), (3.2, 24, 5))) for z in (8.0, 21.0)]
    cells: List[Part] = [(BONE - 400, Ellipsoid((6.5, y, 37), (6, 1.2, 12)))
                         for y in (-86.0, -76.0, -66.0)]
    sphenoid = Ellipsoid((0, -50, 34), (13, 10, 9), 2.4)
    frontal = Ellipsoid((0, -104, 63), (15, 3.5, 9))
    return [
        (BONE - 350, sphenoid.inset(-2.5)), (AIR, sphenoid), (BONE + 100, frontal.inset(-3)),
        (AIR, frontal), (BONE - 450, ethmoid), (AIR, nose), (AIR, PHARYNX),
        (AIR, Tube(((0, -66, 12, 10), (0, -46, 8, 10)))), *_both_sides(concha), *_both_sides(cells),
        (80.0, septum), *_both_sides([(AIR, Tube(((6, -131, 6, 3.5), (6, -116, 12, 4))))]),
        (AIR, Ellipsoid((0, -82, -8), (17, 22, 2.2))), (70.0, LARYNX), (BONE - 600, plates),
        (BONE - 650, cricoid), (60.0, cricoid.inset(3)), (AIR, AIRWAY),
        (110.0, trachea.inset(-2.5)), (AIR, trachea),
    ]
